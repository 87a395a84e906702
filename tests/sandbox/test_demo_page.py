"""The demo's page in a real browser: what a newcomer does first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.demo_page import PATIENCE_MILLISECONDS, end, messages_with, needs_browser, open_page, pick, send
from tests.support.demo_process import demo_in_terminal, left_behind

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), needs_browser]

PROMPT = "A lighthouse in a storm"
OTHER_PROMPT = "A lighthouse on a calm morning"


async def test_a_member_types_video_on_the_page_watches_the_clip_and_remixes_it(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path) as terminal:
        address = (await terminal.until(r"http://\S+")).group()
        async with open_page(address) as page:
            await terminal.until("Now type /video")
            await expect(messages_with(page, re.compile("made again from|remixed from"))).to_have_count(2)

            await pick(page, "/video")
            await page.get_by_role("textbox", name="prompt").fill(PROMPT)
            await page.get_by_role("button", name="+4 more").click()
            await _choose(page, "aspect")
            await page.get_by_role("combobox", name="aspect").fill("Portrait")
            await _choose(page, "Portrait 9:16")
            await send(page)

            messages = messages_with(page, PROMPT)
            asked = re.compile(r"Waiting|Starting|Rendering|on its way")
            await expect(messages).to_contain_text(asked)
            await expect(messages).to_contain_text("Portrait 9:16 · 6 s · asked by @Mia")
            clip = messages.filter(has_text="@Mia, your clip is ready.")
            await expect(clip).to_be_visible(timeout=PATIENCE_MILLISECONDS)
            await _play(clip)
            await expect(messages, "the card is gone").to_have_count(1)

            await pick(page, "/clips")
            await send(page)
            await expect(messages_with(page, "Your clips in this server")).to_contain_text(PROMPT)

            await clip.get_by_role("button", name="Remix").click()
            form = page.get_by_role("dialog")
            prompt = form.get_by_role("textbox", name="Prompt")
            await expect(prompt).to_have_value(PROMPT)
            await prompt.fill(OTHER_PROMPT)
            await form.get_by_role("button", name="Submit").click()
            remix = messages_with(page, OTHER_PROMPT).filter(has_text="remixed from")
            await expect(remix).to_contain_text("Portrait 9:16 · 6 s")

            await end(page)
            assert await terminal.end() == 0
    assert left_behind(tmp_path) == []


async def _choose(page: Page, text: str) -> None:
    await page.locator("#channel-composer").get_by_role("option").filter(has_text=text).click()


async def _play(message: Locator) -> None:
    video = message.locator("video")
    await expect(video).not_to_have_js_property("readyState", 0)
    await expect(video).to_have_js_property("videoHeight", 1280)
    await message.get_by_role("button", name=re.compile("^Play")).click()
    await expect(message).to_contain_text(re.compile(r"0:0[1-6] / 0:06"))
