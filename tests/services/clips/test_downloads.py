"""Fetching beside others: one slow host keeps nobody else waiting, and an address that is refused is asked for anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.errors import ClipForbiddenError, ClipGoneError, ClipSlowError, ClipUnavailableError
from bot.models import Generation, GenerationStatus, ServiceFaultError
from bot.services.clips.downloads import Downloads, HostLanes
from tests.support.jobs import make_job
from tests.support.rooms import FreeRoom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.services.ports import VideoService

OLD, FRESH = "https://files.example/old.mp4?sig=1", "https://files.example/new.mp4?sig=2"


class Host:
    """Plays the video service and its file host: by address, what comes of fetching it."""

    model = "gemini_omni"

    def __init__(self, outcomes: dict[str, list[Exception | None]], fresh: str | Exception | None = None) -> None:
        self.outcomes = outcomes
        self.fresh = fresh
        self.asked: list[tuple[str, bool]] = []
        self.now = self.most = 0

    async def download(self, url: str, destination: Path, room: object, *, is_patient: bool = False) -> None:
        self.asked.append((url, is_patient))
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        outcome = self.outcomes[url].pop(0) if self.outcomes.get(url) else None
        if outcome is not None:
            raise outcome

    async def fetch_generation(self, key: str) -> Generation:
        if isinstance(self.fresh, Exception):
            raise self.fresh
        return Generation(id=key, status=GenerationStatus.COMPLETED, result_url=self.fresh)


def downloads_of(host: Host) -> Downloads:
    return Downloads(service=cast("VideoService", host))


def job(url: str = OLD, **fields: Any) -> Any:  # noqa: ANN401 (a Job)
    return make_job(result_url=url, **({"generation_id": "g1"} | fields))


# A fresh address ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ClipForbiddenError("403"), ClipGoneError("404"), ClipGoneError("410")])
async def test_a_refused_address_is_asked_for_anew(tmp_path: Path, error: Exception) -> None:
    host = Host({OLD: [error]}, FRESH)

    fetched = await downloads_of(host).fetch(job(), tmp_path / "clip.mp4", FreeRoom())

    assert [url for url, _ in host.asked] == [OLD, FRESH]
    assert fetched.result_url == FRESH


@pytest.mark.parametrize("fresh", [None, OLD, ServiceFaultError("500", http_status=500)])
async def test_where_there_is_no_other_address_the_refusal_stands(
    tmp_path: Path, fresh: str | Exception | None
) -> None:
    host = Host({OLD: [ClipGoneError("404")]}, fresh)

    with pytest.raises(ClipGoneError):
        await downloads_of(host).fetch(job(), tmp_path / "clip.mp4", FreeRoom())
    assert [url for url, _ in host.asked] == [OLD]


async def test_only_refusals_ask_anew(tmp_path: Path) -> None:
    host = Host({OLD: [ClipUnavailableError("503")]}, FRESH)

    with pytest.raises(ClipUnavailableError):
        await downloads_of(host).fetch(job(), tmp_path / "clip.mp4", FreeRoom())
    assert [url for url, _ in host.asked] == [OLD]


@pytest.mark.parametrize(("tries", "is_patient"), [(0, False), (1, False), (2, True), (9, True)])
async def test_from_the_third_try_on_it_may_be_slow(tmp_path: Path, tries: int, *, is_patient: bool) -> None:
    host = Host({})

    await downloads_of(host).fetch(job(), tmp_path / "clip.mp4", FreeRoom(), tries=tries)

    assert host.asked == [(OLD, is_patient)]


# Lanes -------------------------------------------------------------------------------------------


async def most_at_once(host: Host, downloads: Downloads, urls: list[str], folder: Path) -> int:
    """Fetch all at once; return how many were fetched at a time at most."""
    host.most = 0
    work = [downloads.fetch(job(url), folder / f"{number}.mp4", FreeRoom()) for number, url in enumerate(urls)]
    await asyncio.gather(*work, return_exceptions=True)
    return host.most


async def test_a_slow_host_has_one_lane_until_it_was_quick_again(tmp_path: Path) -> None:
    slow = [f"https://slow.example/{number}.mp4" for number in range(4)]
    host = Host({slow[0]: [ClipSlowError("slow")]})
    downloads = downloads_of(host)

    with pytest.raises(ClipSlowError):
        await downloads.fetch(job(slow[0]), tmp_path / "x.mp4", FreeRoom())
    host.outcomes = {url: [ClipSlowError("slow")] for url in slow}
    assert await most_at_once(host, downloads, slow, tmp_path) == 1
    others = [f"https://other.example/{number}.mp4" for number in range(4)]
    assert await most_at_once(host, downloads, others, tmp_path) == 4
    await downloads.fetch(job(slow[1]), tmp_path / "x.mp4", FreeRoom())
    assert await most_at_once(host, downloads, slow, tmp_path) == 4


async def hold(lanes: HostLanes, host: str, until: asyncio.Event) -> None:
    async with lanes.turn(host):
        await until.wait()


async def settled(condition: Callable[[], bool]) -> bool:
    """Let all that can go on do so; tell whether a condition holds then."""
    for _ in range(20):
        await asyncio.sleep(0)
    return condition()


async def test_many_downloads_from_one_host_leave_lanes_for_others() -> None:
    lanes, until = HostLanes(at_once=4, at_once_a_host=2), asyncio.Event()
    crowd = [asyncio.create_task(hold(lanes, "a.example", until)) for _ in range(6)]
    other = asyncio.create_task(hold(lanes, "b.example", until))

    assert await settled(lambda: lanes.running == {"a.example": 2, "b.example": 1})
    until.set()
    await asyncio.gather(*crowd, other)
    assert lanes.running == {}


async def test_downloads_that_drip_leave_lanes_for_others_however_many_there_are() -> None:
    lanes, until = HostLanes(at_once=4, at_once_a_host=2, new_seconds=0.05), asyncio.Event()
    hosts = [f"{number}.slow.example" for number in range(8)]
    dripping = [asyncio.create_task(hold(lanes, host, until)) for host in hosts for _ in range(2)]
    assert await settled(lambda: lanes.running.total() == 4)

    async with asyncio.timeout(1), lanes.turn("quick.example"):
        assert lanes.running["quick.example"] == 1

    until.set()
    await asyncio.gather(*dripping)
    assert lanes.running == lanes.waiting == {}


async def test_only_so_many_wait_for_a_slow_host_and_the_others_come_again() -> None:
    lanes, until = HostLanes(at_once_a_host=2), asyncio.Event()
    crowd = [asyncio.create_task(hold(lanes, "a.example", until)) for _ in range(6)]
    assert await settled(lambda: lanes.waiting == {"a.example": 4})

    lanes.note("a.example", is_slow=True)
    assert await settled(lambda: lanes.waiting == {"a.example": 2})
    with pytest.raises(ClipSlowError):
        await hold(lanes, "a.example", until)
    until.set()

    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(outcome, ClipSlowError) for outcome in outcomes) == 2
    assert lanes.running == lanes.waiting == {}


async def test_a_download_that_is_cancelled_while_it_waits_holds_no_lane() -> None:
    lanes, until = HostLanes(at_once=1), asyncio.Event()
    first = asyncio.create_task(hold(lanes, "a.example", until))
    assert await settled(lambda: lanes.running == {"a.example": 1})
    waiting = asyncio.create_task(hold(lanes, "b.example", until))
    await settled(lambda: True)
    waiting.cancel()
    until.set()
    await asyncio.gather(first, waiting, return_exceptions=True)

    assert lanes.running == {}
