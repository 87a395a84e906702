from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.community import words

if TYPE_CHECKING:
    from tests.support.community import Community


async def test_member_sees_a_status_card_at_once_and_pays_for_one_job(community: Community) -> None:
    result = await community.mia.slash(community.channel, "video", prompt="A cat surfing")

    print(community.env.transcript())
    assert not result.ephemeral
    assert "A cat surfing" in words(result.response)
    [job] = await community.jobs()
    assert job.status_message_id == result.response.id
    assert await community.ledger() == [("charge", 6)]
