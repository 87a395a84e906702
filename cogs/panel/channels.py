"""The panel's section about channels: where clips may be made, and what is made there by default."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import InvalidSpecError
from bot.models import Access, ClipButtons, QuotaSource
from bot.ui.components import component
from bot.ui.messages.panel.channels import channel_view, channels_view
from cogs.moderation.options import AppCommandPlace, parse_id, require_subject
from cogs.panel.panel import Place, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord
    from discord import ui

    from bot.ui.components import Press

_Value = TypeVar("_Value")


class ChannelsSection(Section):
    """Shows what holds where, and leads to each channel."""

    name = "channels"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show a page of channels with rules."""
        return channels_view(await self._panel.details(interaction), place.page)

    @component("panel:clip_buttons:{whose:everyone|requester}")
    async def set_clip_buttons(self, press: Press, whose: str) -> None:
        """Choose who may use the buttons under clips."""
        setting = self._acts.set_clip_buttons(press.interaction, ClipButtons(whose))
        await self._panel.do(press.interaction, setting, Place(self.name))

    @component("panel:channel", chosen=AppCommandPlace)
    async def choose_any(self, press: Press) -> None:
        """Show what holds in the channel that was chosen."""
        await self._panel.show(press.interaction, Place(ChannelSection.name, key=str(press.chosen.id)))

    @component("panel:channel_known", chosen=str)
    async def choose_known(self, press: Press) -> None:
        """Show what holds in a channel that has rules, which may be deleted."""
        await self._panel.show(press.interaction, Place(ChannelSection.name, key=str(parse_id(press.chosen))))

    @component("panel:private:{setting:on|off}")
    async def allow_private(self, press: Press, setting: str) -> None:
        """Let members have clips sent to their direct messages, or not."""
        allowing = self._acts.allow_private(press.interaction, allowed=setting == "on")
        await self._panel.do(press.interaction, allowing, Place(self.name))


class ChannelSection(Section):
    """Shows and changes what holds in one channel, or everywhere else."""

    name = "channel"

    async def view(self, interaction: discord.Interaction, place: Place) -> ui.LayoutView:
        """Show what holds there."""
        channel_id = parse_id(place.key)
        return channel_view(await self._panel.details(interaction, channel_ids=[channel_id]), channel_id)

    @component("panel:open:channel:{channel_id}")
    async def open(self, press: Press, channel_id: int) -> None:
        """Go to a channel."""
        await self._panel.show(press.interaction, Place(self.name, key=str(channel_id)))

    @component("panel:access:{channel_id}:{access:allowed|refused|none}")
    async def set_access(self, press: Press, channel_id: int, access: str) -> None:
        """Allow clips in a channel, or not, or let it follow what is more general."""
        await self._change(press, channel_id, access=None if access == "none" else Access(access))

    @component("panel:channel_reset:{channel_id}")
    async def reset(self, press: Press, channel_id: int) -> None:
        """Clear all that a channel's rule says."""
        await self._change(press, channel_id, access=None, aspect=None, duration_seconds=None)

    @component("panel:aspect:{channel_id}", chosen=str)
    async def set_aspect(self, press: Press, channel_id: int) -> None:
        """Choose a channel's default shape."""
        by_name = {aspect.name.lower(): aspect for aspect in self._services.profile.aspects}
        await self._change(press, channel_id, aspect=_offered("aspect", by_name, press.chosen))

    @component("panel:duration:{channel_id}", chosen=str)
    async def set_duration(self, press: Press, channel_id: int) -> None:
        """Choose a channel's default length."""
        by_name = {str(seconds): seconds for seconds in self._services.profile.durations_seconds}
        await self._change(press, channel_id, duration_seconds=_offered("duration", by_name, press.chosen))

    async def _change(self, press: Press, channel_id: int, **changes: Any) -> None:  # noqa: ANN401 (fields of ChannelRule)
        async def change() -> str:
            if any(value is not None for value in changes.values()):  # of what is deleted, a rule can be taken away
                await require_subject(press.interaction, QuotaSource.CHANNEL, channel_id)
            return await self._acts.change_channel(press.interaction, channel_id, lambda rule: replace(rule, **changes))

        await self._panel.do(press.interaction, change(), Place(self.name, key=str(channel_id)))


def _offered(field: str, by_name: Mapping[str, _Value], chosen: str) -> _Value | None:
    """Return what was chosen of what is offered; None leaves it to what is more general.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    if chosen not in {*by_name, "none"}:
        raise InvalidSpecError(field, "not_offered")
    return by_name.get(chosen)
