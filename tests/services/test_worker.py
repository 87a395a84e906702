from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import ClipFile, JobState

if TYPE_CHECKING:
    from tests.support.workshop import Workshop


async def test_a_job_goes_from_the_queue_to_its_clip_and_its_card_goes(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process)

    await workshop.run_until_idle(process)

    job = await workshop.job(job_id)
    assert job.state is JobState.DELIVERED
    [message] = workshop.discord.clips(job_id)
    assert isinstance(message.clip, ClipFile)
    assert job.message_id == message.id
    assert message.left_seconds == 54
    assert workshop.discord.cards[job_id][-1] is None
    assert len(workshop.server.paid(job_id)) == 1
    assert await workshop.entries(job_id) == [("charge", 6)]
