"""``uv run poe pictures``: plays through the demo in a browser and makes each picture of README and docs anew."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.async_api import expect

from bot.sandbox.demo import DEMO_PROMPT, OTHER_WORDS
from bot.sandbox.toapis_server import SandboxServer
from tests.support.demo_page import (
    LANDING_MILLISECONDS,
    ShownCommunity,
    messages_with,
    remove_clip,
    show_community,
    type_command,
    view_as,
)

if TYPE_CHECKING:
    from playwright.async_api import Locator

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
IDEA = "A paper boat drifts across a {calm|stormy} lake, {golden hour light|moonlight}"
"""Of which there are four takes, and no others."""
WHOLE_PAGE = {"width": 1440, "height": 900}
LARGE = {"width": 2040, "height": 1500}
"""Wide and high enough that no message is cut off; the channels share the width."""


ONCE_ALL_IS_THERE = """async (part) => {
  const isThere = (it) => (it.tagName === "IMG" ? it.naturalWidth : it.readyState) > 0;
  while (![...part.querySelectorAll("img, video")].every(isThere)) await new Promise((go) => setTimeout(go, 100));
  part.ownerDocument.activeElement?.blur();
}"""


async def main() -> None:
    """Make them all; a minute on a machine that has nothing else to do."""
    service = SandboxServer(queue_seconds=0.5, render_seconds=1.0)
    async with show_community(service) as shown:
        await shown.page.set_viewport_size(LARGE)
        await _clips(shown)
        await _preview(shown)
        await _whole_page(shown)
        await _library(shown)
        await _moderation(shown)
        await _brainstorm(shown)


async def _clips(shown: ShownCommunity) -> None:
    clips = shown.place("#clips")
    await type_command(clips, "/video", prompt=DEMO_PROMPT)
    clip = messages_with(clips, "your clip is ready").filter(has_text=DEMO_PROMPT)
    await clip.get_by_role("button", name="Remix").click()
    form = clips.get_by_role("dialog")
    await form.get_by_role("textbox", name="Prompt").fill(OTHER_WORDS)
    await _take("remix", form)
    await form.get_by_role("button", name="Submit").click()
    await expect(messages_with(clips, "remixed from")).to_be_visible()


async def _preview(shown: ShownCommunity) -> None:
    channel = shown.place("#brainstorm")
    await type_command(channel, "/brainstorm", idea=IDEA)
    await _take("brainstorm-preview", messages_with(channel, "nothing is charged yet"))


async def _whole_page(shown: ShownCommunity) -> None:
    await shown.page.set_viewport_size(WHOLE_PAGE)
    remix = messages_with(shown.place("#clips"), "remixed from")
    await remix.evaluate(ONCE_ALL_IS_THERE)
    await remix.get_by_role("button", name="Again").scroll_into_view_if_needed()
    await _take("demo", shown.page.locator("body"))
    await shown.page.set_viewport_size(LARGE)


async def _library(shown: ShownCommunity) -> None:
    clips = shown.place("#clips")
    await type_command(clips, "/clips")
    await _take("clips", messages_with(clips, "Your clips in this server"))


async def _moderation(shown: ShownCommunity) -> None:
    log = shown.place("#mod-log")
    await type_command(log, "/moderate settings")
    await _take("settings", messages_with(log, "Only you can see this"))
    card = messages_with(log, f"{OTHER_WORDS}").filter(has_text="Clip posted")
    await remove_clip(log, card)
    await _take("log", messages_with(log, re.compile("Clip removed for")))


async def _brainstorm(shown: ShownCommunity) -> None:
    preview = messages_with(shown.place("#brainstorm"), "nothing is charged yet")
    await preview.get_by_role("button", name="Start").click()
    thread = shown.place("the thread")
    board = messages_with(thread, "Round 1").filter(has=shown.page.get_by_role("button", name="Manage…"))
    await expect(board).to_contain_text("The vote ends in", timeout=LANDING_MILLISECONDS)
    await board.get_by_role("button", name="Vote 2").click()
    await expect(messages_with(thread, "You chose 2.")).to_be_visible()
    await view_as(thread, "Ben")
    await board.get_by_role("button", name="Vote 2").click()
    await expect(board).to_contain_text("2 have voted")
    await _take("brainstorm", board)
    await view_as(thread, "Mia")
    await board.get_by_role("button", name="Manage…").click()
    await thread.get_by_role("button", name="Close now").click()
    winner = messages_with(thread, "Take 2 wins").filter(has=shown.page.get_by_role("button", name="Next round…"))
    await _take("brainstorm-winner", winner)


async def _take(name: str, what: Locator) -> None:
    """Take a picture of a part of the page, once all stills and clips in it are there."""
    await what.evaluate(ONCE_ALL_IS_THERE)
    await what.page.mouse.move(0, 0)
    taken = Image.open(io.BytesIO(await what.screenshot(animations="disabled")))
    taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
