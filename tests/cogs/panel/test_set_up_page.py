"""The first set-up in a real browser, press by press, as a moderator who sees the panel for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, expect

from tests.support.demo_page import begin_command, messages_with, needs_browser, open_page, send

if TYPE_CHECKING:
    from tests.support.community import Community

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), needs_browser]

PRESSES_MOST = 8


class Presses:
    """Presses what a moderator would, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def on(self, element: Locator) -> None:
        self.count += 1
        await element.click()


async def test_a_server_is_set_up_by_few_presses_and_a_mistake_is_corrected_in_the_form(
    community: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    presses = Presses()
    async with (
        community.env.preview(community.channel, viewers=[community.moderator], layout="channel") as preview,
        open_page(preview.url) as (_, page),
    ):
        form = page.get_by_role("dialog")
        await begin_command(page, "/moderate settings")
        await send(page)
        panel = messages_with(page, "Settings")
        await expect(panel).to_contain_text("Not set yet: everyone's quota, a cap and a log.")

        await presses.on(panel.get_by_role("button", name="Set up…"))
        await expect(form.get_by_role("textbox", name="Everyone's quota")).to_have_value("60 a day")
        await expect(form.get_by_role("textbox", name="Cap of the whole server")).to_have_value("600 a day")
        zone = form.get_by_role("textbox", name="Time zone")
        await presses.on(zone)
        await zone.fill("Berlim")
        await presses.on(form.get_by_role("combobox", name="Channel of the log"))
        await expect(page.locator("#action-status")).to_have_text("Options updated")  # else it takes no Submit
        await presses.on(form.get_by_role("option", name="mod-log"))
        await presses.on(form.get_by_role("button", name="Submit"))
        refused = messages_with(page, "I don't know that time zone")
        await expect(refused).to_contain_text("Did you mean Europe/Berlin?")
        without_mistake = presses.count

        await presses.on(refused.get_by_role("button", name="Correct it"))
        await expect(zone).to_have_value("Berlim")
        await expect(form.get_by_role("combobox", name="Channel of the log")).to_contain_text("mod-log")
        await zone.fill("Berlin")
        await presses.on(form.get_by_role("button", name="Submit"))
        done = messages_with(page, "Days, weeks and months now begin at midnight in Europe/Berlin.")
        await expect(done).to_contain_text("Everyone: 60 s per day")
        await expect(done).to_contain_text("Cap: 600 s per day")
        await expect(done).to_contain_text("Log: #mod-log")

    server = (await community.bot.services.servers.view(community.guild.id)).server
    assert (server.timezone, server.log_channel_id) == ("Europe/Berlin", community.log_channel.id)
    with capsys.disabled():
        print(  # noqa: T201 (how many they are is for whoever runs it to see)
            f"\nPresses of the first set-up: {without_mistake}; with one mistake: {presses.count}"
        )
    assert presses.count <= PRESSES_MOST
