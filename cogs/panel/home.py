"""The panel's first page, the first set-up, the way to the sections, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import read_all
from bot.models import Quota, everyones_quota
from bot.services.quotas.periods import find_timezone, timezone_names
from bot.ui import filled_forms, forms
from bot.ui.components import component
from bot.ui.messages.panel.home import home_view
from cogs.corrections import form
from cogs.directory import deleted_ids
from cogs.moderation.options import parse_id, require_log_channel
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.models import Server
    from bot.ui.components import Press

GOOD_QUOTA, GOOD_CAP = Quota(60), Quota(600)
"""Ten clips a day for a member, a hundred for everybody together."""


class HomeSection(Section):
    """Shows how everything stands, sets a server up, and pauses video making."""

    name = "home"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show the first page."""
        return home_view(await self._panel.details(interaction))

    @component("panel:open:{section}:{page}")
    async def open(self, press: Press, section: str, page: int) -> None:
        """Go to a section's page."""
        await self._panel.show(press.interaction, Place(section, page))

    @component("panel:section", chosen=str)
    async def choose_section(self, press: Press) -> None:
        """Go to the section that was chosen."""
        await self._panel.show(press.interaction, Place(press.chosen))

    @component("panel:pause")
    async def ask_pause(self, press: Press) -> None:
        """Ask for a reason."""
        await press.interaction.response.send_modal(await self.pause_form(press))

    @form("form:pause")
    async def pause_form(self, press: Press) -> ui.Modal:
        """Ask for a reason."""
        return forms.pause_form()

    @component("form:pause")
    async def pause(self, press: Press) -> None:
        """Take no new clips."""
        pausing = self._acts.pause(press.interaction, press.typed(forms.REASON))
        await self._panel.do(press.interaction, pausing, Place("home"))

    @component("panel:set_up")
    async def ask_set_up(self, press: Press) -> None:
        """Ask for what a server begins with."""
        await press.interaction.response.send_modal(await self.set_up_form(press))

    @form("form:set_up")
    async def set_up_form(self, press: Press) -> ui.Modal:
        """Ask for it, with what holds filled in, or else a good start."""
        details = await self._panel.details(press.interaction)
        server, default = details.view.server, self._services.quotas.operator_quota
        quota = everyones_quota(details.view.rules) or (GOOD_QUOTA if default.seconds is None else default)
        log_channel_id = None if server.log_channel_id in details.deleted else server.log_channel_id
        return forms.set_up_form(
            quota=quota, cap=server.cap or GOOD_CAP, timezone=server.timezone, log_channel_id=log_channel_id
        )

    @component("form:set_up")
    async def set_up(self, press: Press) -> None:
        """Set what a server begins with; all that is wrong with it is said together."""
        zones, server = await timezone_names(), (await self._services.servers.view(press.guild_id)).server
        quota, cap, timezone, log_channel_id = read_all(
            lambda: filled_forms.parse_quota(press.typed(forms.QUOTA)),
            lambda: filled_forms.parse_quota(press.typed(forms.CAP)) if press.typed(forms.CAP).strip() else None,
            lambda: find_timezone(press.typed(forms.ZONE), zones),
            lambda: _log_channel(press, server),
        )
        setting = self._acts.set_up(
            press.interaction, quota=quota, cap=cap, timezone=timezone, log_channel_id=log_channel_id
        )
        await self._panel.do(press.interaction, setting, Place(self.name))

    @component("panel:resume")
    async def resume(self, press: Press) -> None:
        """Take clips again."""
        await self._panel.do(press.interaction, self._acts.resume(press.interaction), Place("home"))


def _log_channel(press: Press, server: Server) -> int | None:
    """Read which channel of the log was chosen: one that is so already stays, whoever may post there.

    So does one that the form could not show, since it is an archived thread, say; who wants no log says so in *Log*.
    """
    chosen, present_id = press.typed(forms.LOG), server.log_channel_id
    is_unseen = not chosen and present_id is not None and deleted_ids(press.interaction.guild, [present_id])
    if not server.log_closed and (chosen == str(present_id) or is_unseen):
        return present_id
    return require_log_channel(press.interaction, parse_id(chosen)) if chosen else None
