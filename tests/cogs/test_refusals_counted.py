"""What people are told was not done is counted by why, for whoever watches the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.jobs.policy import FloodLimits
from bot.web.measures import PrometheusMeasures

if TYPE_CHECKING:
    import pytest

    from tests.support.community import Community


def count(measures: PrometheusMeasures, kind: str) -> float | None:
    return measures.registry.get_sample_value("reelay_refusals_total", {"kind": kind})


async def test_each_refusal_counts_once_by_its_kind(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    await community.restart(max_open_jobs=1)
    measures = PrometheusMeasures()
    community.bot.add_listener(measures.note_refused, "on_refused")

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        await community.mia.slash(community.channel, "video", prompt="a fox")
    monkeypatch.setattr(community.bot.services.history, "queue", fail)
    await community.mia.slash(community.channel, "queue")

    assert count(measures, "too_many_open_jobs") == 2
    assert count(measures, "unexpected") == 1


async def test_who_asks_too_much_is_counted_as_well(community: Community) -> None:
    await community.restart(flood_limits=FloodLimits(videos=1))
    measures = PrometheusMeasures()
    community.bot.add_listener(measures.note_refused, "on_refused")

    for _ in range(3):
        await community.mia.slash(community.channel, "video", prompt="a fox")

    assert count(measures, "asks_too_much") == 2
