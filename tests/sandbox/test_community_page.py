"""The demo's page as a browser asks it, without one: what is done there, what it shows, and how it ends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from simcord.components import walk_components
from yarl import URL

from bot.sandbox.community import Community
from bot.sandbox.page import place
from bot.sandbox.toapis_server import SandboxServer
from tests.support.page_requests import PlacePage, places_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from simcord.builders import ChannelHandle

pytestmark = pytest.mark.slow  # each starts a bot, its media process and a database


@asynccontextmanager
async def community_with_a_card() -> AsyncGenerator[tuple[Community, PlacePage]]:
    """Open a community in which no worker runs, with Mia's card in #clips, and a page that shows it."""
    async with Community.open(SandboxServer()) as community:
        await community.mia.slash(community.channels["clips"], "video", prompt="A red fox")
        async with PlacePage((await places_of(community.page.url))["#clips"]) as page:
            yield community, page


def buttons_in(value: Any) -> Iterator[str]:  # noqa: ANN401 (JSON)
    """Yield what a page calls the buttons of what it shows."""
    if isinstance(value, dict):
        if "control_key" in value:
            yield value["control_key"]
        value = list(value.values())
    for item in value if isinstance(value, list) else []:
        yield from buttons_in(item)


async def press(page: PlacePage) -> dict[str, Any]:
    """Press the only button that the page showed when it last looked."""
    (button,) = buttons_in(page.shown["messages"])
    return await page.act("click", control_key=button, target_id=page.shown["timeline"][0])


async def test_a_press_on_a_button_that_is_still_the_same_counts_on_a_page_that_is_behind() -> None:
    async with community_with_a_card() as (community, page):
        async with community.page.turns:
            await community.ben.slash(community.channels["clips"], "video", prompt="A blue fox")
            await community.page.places[0].refresh()

        assert (await press(page))["settlement"] == "settled"

        await page.look()
        assert len(page.shown["timeline"]) == 2
        assert "Cancelled" in str(page.shown["messages"])


async def test_a_press_on_a_button_that_has_become_another_meanwhile_does_nothing() -> None:
    async with community_with_a_card() as (community, page):
        async with community.page.turns:
            become_another(community.channels["clips"])
            await community.page.places[0].refresh()

        assert (await press(page))["settlement"] == "rejected"

        await page.look()
        assert "Cancelled" not in str(page.shown["messages"])
        assert (await press(page))["settlement"] == "settled", "seen by now"


def become_another(channel: ChannelHandle) -> None:
    """Let the button of a channel's only message do something else."""
    (card,) = channel.history()
    for component in walk_components(channel._env.backend.get_message(channel.id, card.id).components):
        if "custom_id" in component:
            component["custom_id"] = component["custom_id"].replace("cancel", "discard")


async def test_what_happens_on_a_page_on_which_nothing_happened_for_long_is_shown_with_the_right_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=30)

    async with community_with_a_card() as (_, page):
        monkeypatch.setattr(place, "datetime", Later)
        assert (await press(page))["settlement"] == "settled"

        await page.look()
        shown_at = datetime.fromisoformat(page.shown["profile"]["presentationTime"])
        assert shown_at == pytest.approx(Later.now(), abs=timedelta(seconds=30))


async def test_the_page_ends_the_demo_when_its_end_button_is_pressed() -> None:
    stopped = asyncio.Event()
    async with Community.open(SandboxServer()) as community, community.running(stopped):
        async with PlacePage((await places_of(community.page.url))["#mod-log"]) as page:
            await page.act("close")

        async with asyncio.timeout(10):
            await stopped.wait()


async def test_nobody_gets_at_the_community_without_the_address_that_was_printed() -> None:
    async with Community.open(SandboxServer()) as community, aiohttp.ClientSession() as session:
        address = URL(community.page.url)
        for path in ("/", "/places", "/guess/places"):
            async with session.get(address.with_path(path)) as answer:
                assert answer.status == 404
        async with session.get(URL((await places_of(str(address)))["#clips"]).with_fragment(None)) as answer:
            assert f"frame-ancestors {address.origin()}" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("channel", "viewers"),
    [("#clips", ["Mia", "Ben", "Mo"]), ("#brainstorm", ["Mia", "Ben", "Mo"]), ("#mod-log", ["Mo"])],
)
async def test_a_channel_is_seen_by_whoever_may_see_it(channel: str, viewers: list[str]) -> None:
    async with (
        Community.open(SandboxServer()) as community,
        PlacePage((await places_of(community.page.url))[channel]) as page,
    ):
        assert [viewer["name"] for viewer in page.shown["viewers"]] == viewers
