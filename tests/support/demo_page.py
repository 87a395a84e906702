"""The demo's page in a real browser: its channels, typing commands, pressing buttons.

Nothing here is done a second time when it failed: the page loses nothing that is done on it.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest
from playwright.async_api import Browser, Frame, FrameLocator, Locator, Page, async_playwright, expect

from bot.sandbox.community import Community

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.sandbox.toapis_server import SandboxServer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PATIENCE_MILLISECONDS = 30_000
"""For a render and for the page's own conversion of the clip, on a machine that has other things to do."""
LANDING_MILLISECONDS = 90_000
"""For four takes and their stills, of which two render at a time."""
ONCE_SEEN_AS = """async (_, id) => {
  const isSeen = () => simcordPreview.viewerId === id && !simcordPreview.pendingAction;
  while (!isSeen()) await new Promise((go) => setTimeout(go, 50));
}"""
Place: TypeAlias = FrameLocator | Page
"""What shows a channel: a frame of the demo's page, or a page of SimCord's alone."""
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@dataclass(frozen=True)
class ShownCommunity:
    """A community at work, and its page in a browser."""

    community: Community
    browser: Browser
    page: Page

    async def frame(self, name: str) -> Frame:
        """Return the same to run scripts in."""
        element = await self.page.locator(f'iframe[title*="{name}"]').element_handle()
        frame = await element.content_frame()
        assert frame is not None, "an iframe has one"
        return frame

    def place(self, name: str) -> FrameLocator:
        """Return the frame of a channel, as in "#clips", or of the thread whose name holds some words."""
        return self.page.frame_locator(f'iframe[title*="{name}"]')


@asynccontextmanager
async def show_community(service: SandboxServer) -> AsyncGenerator[ShownCommunity]:
    """Start a community with a video service, and open its page."""
    async with (
        Community.open(service) as community,
        community.running(asyncio.Event()),
        open_page(community.page.url) as (browser, page),
    ):
        yield ShownCommunity(community, browser, page)


@asynccontextmanager
async def open_page(address: str) -> AsyncGenerator[tuple[Browser, Page]]:
    """Open a page in a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        await page.goto(address)
        yield browser, page
        await browser.close()


def messages_with(place: Place, text: str | re.Pattern[str]) -> Locator:
    """Return the messages in which some words are."""
    return place.locator("article.channel-message").filter(has_text=text)


async def type_command(place: FrameLocator, command: str, **options: str) -> None:
    """Type a command, fill in its options, and send it."""
    await begin_command(place, command)
    for name, value in options.items():
        await fill_in(place, name, value)
    await send(place)


async def begin_command(place: Place, command: str) -> None:
    """Type a command and pick it."""
    composer = place.locator("#channel-composer-input")
    await composer.click()
    await composer.press_sequentially(command)
    await place.get_by_role("option", name=command).first.click()


async def send(place: Place) -> None:
    """Send the command that was typed."""
    await place.get_by_role("button", name="Send").click()


async def fill_in(place: FrameLocator, option: str, value: str) -> None:
    """Fill in an option of the command that is being typed; one that is chosen from a list by what is offered."""
    field = place.locator(f'.command-option-input[data-option="{option}"]')
    if not await field.count():
        await place.get_by_role("button", name=re.compile(r"^\+\d+ more$")).click()
        await choose(place, option)
    await field.fill(value)
    if await field.get_attribute("role") == "combobox":
        await choose(place, value)


async def choose(place: FrameLocator, text: str) -> None:
    """Pick one of what the command line offers."""
    await place.locator("#channel-composer").get_by_role("option").filter(has_text=text).first.click()


async def view_as(place: FrameLocator, name: str) -> None:
    """See the place as another member, and act as them."""
    chosen = await place.get_by_label("Viewing as").select_option(label=name)
    await place.locator("body").evaluate(ONCE_SEEN_AS, chosen[0])


async def remove_clip(log: FrameLocator, card: Locator) -> None:
    """Press *Remove* on a card of the log, and submit the form with which it is asked, where one is."""
    await card.get_by_role("button", name="Remove", exact=True).click()
    await expect(log.locator("#action-status")).to_have_text("Callback completed")
    if await (form := log.get_by_role("dialog")).is_visible():
        await form.get_by_role("button", name="Submit").click()


async def lost_actions(page: Page) -> list[object]:
    """Return what was done in any of the page's frames and was not completed."""
    return [
        receipt
        for frame in page.frames[1:]
        for receipt in await frame.evaluate("window.simcordPreview.activity")
        if receipt["rejected"] or receipt["settlement"] != "settled"
    ]
