"""The demo's page in a real browser: opening it, typing commands, pressing buttons."""

from __future__ import annotations

import re
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PATIENCE_MILLISECONDS = 30_000
"""For a render and for the page's own conversion of the clip, on a machine that has other things to do."""
PICKS = 10
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@asynccontextmanager
async def open_page(address: str) -> AsyncGenerator[Page]:
    """Open the page in a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        await page.goto(address)
        yield page
        await browser.close()


def messages_with(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Return the messages in which some words are."""
    return page.locator("article.channel-message").filter(has_text=text)


async def pick(page: Page, command: str) -> None:
    """Type a command and pick it; again when an update of the page has closed the picker or cleared the line."""
    composer = page.locator("#channel-composer-input")
    for _ in range(PICKS):
        await composer.fill("")
        await composer.press_sequentially(command)
        try:
            await page.get_by_role("option", name=command).first.click(timeout=PATIENCE_MILLISECONDS / PICKS)
        except PlaywrightTimeoutError:
            continue
        return
    raise AssertionError(f"the page's picker never offered {command}")


async def send(page: Page) -> None:
    """Send the command that was typed."""
    await press(page, page.get_by_role("button", name="Send"))


async def press(page: Page, button: Locator) -> None:
    """Press a button; again when the press crossed an update of the page, which refuses it as out of date."""
    await _until_done(page, button.click)


async def view_as(page: Page, name: str) -> None:
    """See the page as another member, and act as them."""
    picker = page.get_by_label("Viewing as")
    await _until_done(page, lambda: picker.select_option(label=name))


async def _until_done(page: Page, act: Callable[[], Awaitable[object]]) -> None:
    """Do something on the page until it is not refused as out of date.

    On a busy machine the page gives up waiting for the answer; what it calls uncertain then did arrive.
    """
    answer = page.locator("#action-status")
    answered = re.compile(r"^\w+ (completed|switched|was not completed|outcome uncertain. It will)")
    while True:
        await act()
        await expect(answer).to_have_text(answered, timeout=PATIENCE_MILLISECONDS)
        if "was not" not in await answer.inner_text():
            return


async def end(page: Page) -> None:
    """Press the page's own end button."""
    await page.get_by_text("More", exact=True).click()
    await page.get_by_role("button", name="End preview session").click()
