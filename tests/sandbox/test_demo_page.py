"""The demo's page in a real browser: what a newcomer does first."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.support.demo_process import demo_in_terminal, left_behind

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PATIENCE_MILLISECONDS = 30_000
"""For a render and for the page's own conversion of the clip, on a machine that has other things to do."""
PICKS = 10
PROMPT = "A lighthouse in a storm"
OTHER_PROMPT = "A lighthouse on a calm morning"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
async def test_a_member_types_video_on_the_page_watches_the_clip_and_remixes_it(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path) as terminal, async_playwright() as playwright:
        address = (await terminal.until(r"http://\S+")).group()
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        await page.goto(address)
        await terminal.until("Now type /video")
        made = page.locator("article.channel-message").filter(has_text=re.compile("made again from|remixed from"))
        await expect(made).to_have_count(2)

        await _pick(page, "/video")
        await page.get_by_role("textbox", name="prompt").fill(PROMPT)
        await page.get_by_role("button", name="+4 more").click()
        await _choose(page, "aspect")
        await page.get_by_role("combobox", name="aspect").fill("Portrait")
        await _choose(page, "Portrait 9:16")
        await _send(page)

        messages = page.locator("article.channel-message").filter(has_text=PROMPT)
        asked = re.compile(r"Waiting|Starting|Rendering|on its way")
        await expect(messages).to_contain_text(asked, timeout=PATIENCE_MILLISECONDS)
        await expect(messages).to_contain_text("Portrait 9:16 · 6 s · asked by @Mia")
        clip = messages.filter(has_text="@Mia, your clip is ready.")
        await expect(clip).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        await _play(clip)
        await expect(messages, "the card is gone").to_have_count(1)

        await _pick(page, "/clips")
        await _send(page)
        library = page.locator("article.channel-message").filter(has_text="Your clips in this server")
        await expect(library).to_contain_text(PROMPT)

        await clip.get_by_role("button", name="Remix").click()
        form = page.get_by_role("dialog")
        prompt = form.get_by_role("textbox", name="Prompt")
        await expect(prompt).to_have_value(PROMPT)
        await prompt.fill(OTHER_PROMPT)
        await form.get_by_role("button", name="Submit").click()
        remix = page.locator("article.channel-message").filter(has_text=OTHER_PROMPT).filter(has_text="remixed from")
        await expect(remix).to_contain_text("Portrait 9:16 · 6 s", timeout=PATIENCE_MILLISECONDS)

        await page.get_by_text("More", exact=True).click()
        await page.get_by_role("button", name="End preview session").click()
        assert await terminal.end() == 0
        await browser.close()
    assert left_behind(tmp_path) == []


async def _pick(page: Page, command: str) -> None:
    """Type a command and pick it; again when an update of the page has closed the picker or cleared the line."""
    composer = page.locator("#channel-composer-input")
    for _ in range(PICKS):
        await composer.fill("")
        await composer.press_sequentially(command)
        try:
            await page.get_by_role("option", name=command).click(timeout=PATIENCE_MILLISECONDS / PICKS)
        except PlaywrightTimeoutError:
            continue
        return
    raise AssertionError(f"the page's picker never offered {command}")


async def _choose(page: Page, text: str) -> None:
    await page.locator("#channel-composer").get_by_role("option").filter(has_text=text).click()


async def _send(page: Page) -> None:
    """Send the command; again when the press crossed an update of the page, which refuses it as out of date.

    On a busy machine the page gives up waiting for the answer; what it calls uncertain then did arrive.
    """
    answer = page.locator("#action-status")
    while True:
        await page.get_by_role("button", name="Send").click()
        answered = re.compile("^Action (completed|was not completed|outcome uncertain. It will)")
        await expect(answer).to_have_text(answered, timeout=PATIENCE_MILLISECONDS)
        if "was not" not in await answer.inner_text():
            return


async def _play(message: Locator) -> None:
    video = message.locator("video")
    await expect(video).not_to_have_js_property("readyState", 0, timeout=PATIENCE_MILLISECONDS)
    await expect(video).to_have_js_property("videoHeight", 1280)
    await message.get_by_role("button", name=re.compile("^Play")).click()
    await expect(message).to_contain_text(re.compile(r"0:0[1-6] / 0:06"), timeout=PATIENCE_MILLISECONDS)
