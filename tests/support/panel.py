"""The settings panel as a moderator has it open: go to a section, press, choose, fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcord.actors import _component_interaction
from simcord.components import walk_components

from tests.support.community import words

if TYPE_CHECKING:
    import discord
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult, ResponseMessage

    from tests.support.community import Community

_SELECTS = (3, 6)
"""Discord's types of the selects that forms have: of given options, and of roles."""


class OpenPanel:
    """A panel that a moderator has open."""

    def __init__(self, community: Community, opened: InteractionResult) -> None:
        self._community = community
        self.message = opened.response

    @property
    def text(self) -> str:
        """What it says now."""
        return self._community.shown(self.message, self._community.moderator)

    @property
    def note(self) -> str:
        """What it says now of what was last done in it."""
        return self.text.splitlines()[-1]

    @property
    def custom_ids(self) -> list[str]:
        """The custom ids of all that can be pressed or chosen."""
        return [part["custom_id"] for part in self._parts() if "custom_id" in part]

    @property
    def options(self) -> list[str]:
        """What can be chosen in its selects of given options."""
        return [option["label"] for part in self._parts() for option in part.get("options", [])]

    async def go(self, section: str) -> None:
        """Go to a section, by way of the first page."""
        if "panel:open:home:1" not in self.custom_ids:
            await self.press("open:channels:1")  # from one channel
        if "### Settings" not in self.text:
            await self.press("open:home:1")
        await self.choose("section", section)

    async def go_to_channel(self, channel: Any) -> None:  # noqa: ANN401 (a handle, or None for everywhere else)
        """Go to what holds in a channel."""
        await self.go("channels")
        if channel is None:
            await self.press("open:channel:0")
        else:
            await self.choose("channel", channel)

    async def press(self, action: str) -> InteractionResult:
        return await self._community.moderator.click(self.message, custom_id=self._custom_id(action))

    async def choose(self, action: str, *values: Any) -> InteractionResult:  # noqa: ANN401 (handles or texts)
        return await self._community.moderator.select(self.message, list(values), custom_id=self._custom_id(action))

    async def choose_unchecked(self, action: str, value: str, channel: Any) -> InteractionResult:  # noqa: ANN401 (a handle)
        """Choose a channel that no client would offer."""
        community, custom_id = self._community, self._custom_id(action)
        described = {"id": value, "name": channel.name, "type": 0, "permissions": "0", "position": 0}
        data = {"custom_id": custom_id, "component_type": 8, "values": [value]}
        data["resolved"] = {"channels": {value: described}}
        return await send_component(community, community.moderator, self.message, data)

    async def fill(self, shown: InteractionResult, *values: Any) -> InteractionResult:  # noqa: ANN401 (texts, or a role)
        """Fill in the form that was shown, field by field, and send it; an empty text chooses nothing."""
        return await self._community.moderator.submit_modal(shown, filled_in(shown, *values))

    def _custom_id(self, action: str) -> str:
        """Return the item's id, which may have the page's number at its end."""
        wanted = f"panel:{action}"
        return next((each for each in self.custom_ids if each == wanted or each.startswith(f"{wanted}:")), wanted)

    def _parts(self) -> list[dict[str, Any]]:
        viewer = self._community.moderator
        [message] = [each for each in self._community.channel.history(viewer=viewer) if each.id == self.message.id]
        return list(walk_components([component.to_dict() for component in message.components]))


async def open_panel(community: Community, *, section: str | None = None) -> OpenPanel:
    """Open the panel, at a section if one is named."""
    panel = OpenPanel(community, await community.moderator.slash(community.channel, "moderate settings"))
    if section is not None:
        await panel.go(section)
    return panel


def filled_in(shown: InteractionResult, *values: Any) -> dict[str, Any]:  # noqa: ANN401 (texts, or a role)
    """Return a form's values by its fields' custom ids."""
    fields = [part for part in walk_components(shown.modal["components"]) if "custom_id" in part]
    return {
        field["custom_id"]: ([value] if value else []) if field["type"] in _SELECTS else value
        for field, value in zip(fields, values, strict=False)
    }


def fields_of_form(shown: InteractionResult) -> dict[str, Any]:
    """Return what stands in a form when it opens, by its fields' names."""
    filled: dict[str, Any] = {}
    for part in walk_components(shown.modal["components"]):
        if "options" in part:
            filled[part["custom_id"]] = [each["value"] for each in part["options"] if each.get("default")]
        elif "default_values" in part:
            filled[part["custom_id"]] = [str(each["id"]) for each in part["default_values"]]
        elif "custom_id" in part:
            filled[part["custom_id"]] = part.get("value")
    return filled


def refusal(result: InteractionResult) -> ResponseMessage:
    """Return the answer to a form that has *Correct it*."""
    messages = [each for each in (result.response, *result.followups) if each is not None]
    [message] = [each for each in messages if "Correct it" in str(each.components)]
    return message


async def send_component(
    community: Community,
    actor: MemberActor,
    message: discord.Message | ResponseMessage,
    data: dict[str, Any],
) -> InteractionResult:
    """Send what no Discord client would: the use of an item as it is given, unchecked."""
    stored = community.env.backend.get_message(community.channel.id, message.id)
    return await _component_interaction(actor, stored, data)


def said(result: InteractionResult) -> str:
    """Return what was said beside the panel."""
    messages = [result.response, *result.followups]
    return " ".join(filter(None, (words(message) for message in messages if message and _is_beside(message))))


def _is_beside(message: ResponseMessage) -> bool:
    """Tell a sentence, or what was typed with one, from the panel itself."""
    return "### " not in words(message)


async def remove(actor: MemberActor, card: discord.Message, label: str) -> InteractionResult:
    """Press a button of a card that removes its clip, and say yes to the question."""
    return await actor.submit_modal(await actor.click(card, label=label), {})


# What there is no command for, each in a panel of its own; what comes of it is returned ---------------------------


async def set_pool(community: Community, channel: Any, seconds: str, period: str = "day") -> str:  # noqa: ANN401 (a handle)
    panel = await open_panel(community, section="pools")
    await panel.fill(await panel.choose("pool_channel", channel), seconds, period)
    return panel.note


async def set_cap(community: Community, seconds: str, period: str = "day") -> str:
    panel = await open_panel(community, section="cap")
    result = await panel.fill(await panel.press("cap_set"), seconds, period)
    return said(result) or panel.note


async def set_timezone(community: Community, zone: str) -> str:
    panel = await open_panel(community, section="cap")
    await panel.fill(await panel.press("timezone"), zone)
    return panel.note


async def set_access(community: Community, access: str, channel: Any = None) -> str:  # noqa: ANN401 (a handle, or everywhere else)
    """Let clips be ``allowed`` or ``refused`` in a channel; without one, wherever no other rule holds."""
    panel = await open_panel(community)
    await panel.go_to_channel(channel)
    channel_id = 0 if channel is None else channel.id
    result = await panel.press(f"access:{channel_id}:{access}")
    return said(result) or panel.note
