"""The buttons under a clip that make its next version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import Aspect, Lineage, Origin

if TYPE_CHECKING:
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult

    from bot.models import Job
    from tests.support.community import Community


async def press(community: Community, actor: MemberActor, clip: Job, action: str) -> InteractionResult:
    message = next(each for each in community.channel.history() if each.id == clip.message_id)
    return await actor.click(message, custom_id=f"clip:{action}:{clip.id}")


async def test_again_flip_and_longer_are_jobs_of_whoever_presses(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    for actor, action in ((community.ben, "again"), (community.ben, "flip"), (community.mia, "longer")):
        result = await press(community, actor, clip, action)
        assert not result.ephemeral

    made = {job.lineage.origin: job for job in await community.jobs() if job.lineage is not None}
    again, flip, longer = made[Origin.AGAIN], made[Origin.FLIP], made[Origin.LONGER]
    assert [job.member_id for job in (again, flip, longer)] == [community.ben.id, community.ben.id, community.mia.id]
    assert again.spec == clip.spec
    assert again.lineage == Lineage(clip.id, clip.id, Origin.AGAIN)
    assert (flip.spec.aspect, flip.spec.duration_seconds) == (Aspect.PORTRAIT, 6)
    assert (longer.spec.aspect, longer.spec.duration_seconds) == (Aspect.LANDSCAPE, 10)


async def test_the_same_button_twice_at_once_is_one_job(community: Community) -> None:
    clip = await community.post_clip(community.mia)

    await press(community, community.ben, clip, "again")
    await press(community, community.ben, clip, "again")

    assert len(await community.jobs()) == 2
