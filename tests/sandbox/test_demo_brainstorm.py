"""A brainstorm on the demo's page, in a real browser: from the idea to the winner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.support.demo_page import end, messages_with, needs_browser, open_page, pick, press, send, view_as
from tests.support.demo_process import demo_in_terminal, left_behind

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), needs_browser]

IDEA = "A paper boat drifts across a {calm|stormy} lake, {light}"
LANDING_MILLISECONDS = 90_000
"""For four takes, of which two render at a time, on a machine that has other things to do."""


async def test_a_team_brainstorms_on_the_page_from_the_idea_to_the_winner(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path, "--channel", "brainstorm") as terminal:
        address = (await terminal.until(r"http://\S+")).group()
        async with open_page(address) as page:
            await terminal.until("Now type /brainstorm")
            await pick(page, "/brainstorm")
            await page.get_by_role("textbox", name="idea").fill(IDEA)
            await send(page)
            preview = messages_with(page, "nothing is charged yet")
            await expect(preview).to_contain_text("4 of 24 combinations")
            await expect(preview).to_contain_text("300 s left in the pool of #brainstorm")
            await press(page, preview.get_by_role("button", name="Start"))

            await terminal.until("The page now shows the thread")
            board = messages_with(page, "Round 1").filter(has=page.get_by_role("button", name="Manage…"))
            await expect(board).to_contain_text("The vote ends in", timeout=LANDING_MILLISECONDS)
            await expect(board.locator("img, canvas"), "stills of the takes").not_to_have_count(0)
            takes = messages_with(page, "Take 3").filter(has=page.locator("video"))
            await expect(takes).to_have_count(1)

            await press(page, board.get_by_role("button", name="Vote 2"))
            await expect(messages_with(page, "You chose 2.")).to_be_visible()
            await view_as(page, "Ben")
            await press(page, takes.get_by_role("button", name="Vote"))
            await expect(messages_with(page, "You chose 3.")).to_be_visible()
            await press(page, board.get_by_role("button", name="Vote 2"))
            await expect(messages_with(page, "You chose 2.")).to_be_visible()
            await expect(board).to_contain_text("2 have voted")

            await view_as(page, "Mia")
            await press(page, board.get_by_role("button", name="Manage…"))
            await press(page, page.get_by_role("button", name="Close now"))
            winner = messages_with(page, "Take 2 wins with 2 of 2 votes.").filter(
                has=page.get_by_role("button", name="Next round…")
            )
            await expect(winner).to_be_visible()
            await expect(winner.get_by_role("button", name="More like it")).to_be_enabled()

            terminal.press_enter()
            await terminal.until("The page now shows #brainstorm")
            there = messages_with(page, "Take 2 wins with 2 of 2 votes.")
            await expect(there.get_by_role("link", name="Open the thread")).to_be_visible()

            await end(page)
            assert await terminal.end() == 0
    assert left_behind(tmp_path) == []
