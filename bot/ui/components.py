"""Buttons, selects and forms that outlive the process: the ``custom_id`` of one names the function that answers it.

A method becomes such a function by a decorator with the shape of its custom ids, and gets what stands in the braces::

    @component("job:cancel:{job_id}")
    async def cancel(self, press: Press, job_id: str) -> None: ...

``Components`` knows all of them, and is the one place where a press is read, checked, answered when it is refused, and
logged when something goes wrong.

discord.py 2.7.1 forgets a class's pattern for good when a view stops that mixes it with a plain button or has lost its
only button of the class. So: one class for all of a message's buttons and selects, no plain items beside them but
links, a new view for each edit. Forms it forgets with the process; they are read from the interaction itself.
"""

from __future__ import annotations

import inspect
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.errors import ClipUnknownError
from bot.ui import custom_ids, replies
from bot.ui.filled_forms import fields_of, typed_in
from bot.ui.text import refusals

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from types import UnionType

    from bot.models import Requester

_log = logging.getLogger(__name__)

_Function = TypeVar("_Function", bound="Callable[..., Awaitable[None]]")
_TEMPLATE, _CHOICE = "__component_template__", "__component_choice__"
_FORM = "form:"
"""What the custom ids of forms begin with, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that was pressed, a select that was used or a form that was sent.

    Attributes:
        interaction: what to answer.
        requester: who did it and where; in direct messages, of the server that the job in the custom id is of.
        values: what was chosen in a select: members, roles and channels as objects, anything else as text.
        fields: what was filled into a form, as it was typed, by the fields' names.
    """

    interaction: discord.Interaction
    requester: Requester
    values: Sequence[Any] = ()
    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def guild_id(self) -> int:
        """The server."""
        return self.requester.guild_id

    @property
    def member_id(self) -> int:
        """Who did it."""
        return self.requester.member_id

    @property
    def chosen(self) -> Any:  # noqa: ANN401 (a member, a role, a channel or text)
        """What was chosen in a select that takes one value."""
        return self.values[0]

    def typed(self, name: str) -> str:
        """Return what was filled into a form's field; nothing where the field was left out."""
        return self.fields.get(name, "")


def component(template: str, *, chosen: type | UnionType | None = None) -> Callable[[_Function], _Function]:
    """Let a method answer all presses whose custom id has this shape.

    Args:
        template: the custom id with ``{name}`` where something varies, which is given to the method by that name:
            ``{job_id}``, ``{round_id}``, ``{preview_id}`` and ``{…_job_id}`` are ids as text, any other ``{…_id}`` and
            ``{page}``, ``{number}``, ``{count}`` and ``{revision}`` are integers, ``{name:one|other}`` is one of these
            words, ``{text}`` is what somebody typed to search for, ``{list_name}`` is the name of a list of phrases,
            and any other ``{name}`` is a word of small letters.
        chosen: for a select, what the one value is that is chosen in it.
    """

    def mark(function: _Function) -> _Function:
        setattr(function, _TEMPLATE, template)
        setattr(function, _CHOICE, chosen)
        return function

    return mark


class _Item(ui.DynamicItem[ui.Item[ui.LayoutView]], template=r"(?!)"):
    """A button or a select with a registered custom id, around the plain one that says what it looks like."""

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str]) -> Self:
        """Wrap the item that was used."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Let ``Components`` answer."""
        interaction.client.dispatch("press", interaction, self.custom_id, list[Any](getattr(self.item, "values", ())))


class StatusCardItem(_Item, template=r"job:.+"):
    """A button on a job's status card."""


class ClipItem(_Item, template=r"clip:.+"):
    """A button under a clip, or a button or a select in a list of clips."""


class ModlogCardItem(_Item, template=r"log:.+"):
    """A button on a card of the moderators' log."""


class PanelItem(_Item, template=r"panel:.+"):
    """A button or a select of the settings panel."""


class QuotaItem(_Item, template=r"quota:.+"):
    """A button of the answer to ``/quota``."""


class PrivacyItem(_Item, template=r"privacy:.+"):
    """A button of what a member is told about what is stored."""


class DraftItem(_Item, template=r"draft:.+"):
    """A button under what somebody typed and had refused."""


class PreviewItem(_Item, template=r"preview:.+"):
    """A button of what a brainstorm's member is shown before it starts."""


class RoundItem(_Item, template=r"round:.+"):
    """A button or a select on a brainstorm's board, or on the card of how a vote came out."""


class BrainstormListItem(_Item, template=r"brainstorms:.+"):
    """A button of the list of brainstorms."""


ITEM_CLASSES = (
    *(StatusCardItem, ClipItem, ModlogCardItem, PanelItem, QuotaItem, PrivacyItem, DraftItem),
    *(PreviewItem, RoundItem, BrainstormListItem),
)
"""One for each kind of message, for ``Client.add_dynamic_items``."""


@dataclass(frozen=True, slots=True)
class _Component:
    """A function with the custom ids that it answers, and what is checked first."""

    template: str
    pattern: re.Pattern[str]
    answer: Callable[..., Awaitable[None]]
    chosen: type | UnionType | None
    check: Callable[[discord.Interaction], None] | None

    def takes(self, values: Sequence[Any], *, is_form: bool) -> bool:
        """Tell whether what was sent is of the kind that a button, a select or a form of this shape sends."""
        if self.chosen is None:
            return not values and is_form == self.template.startswith(_FORM)
        return not is_form and len(values) == 1 and isinstance(values[0], self.chosen)


class Components(commands.Cog):
    """Finds the function for each press, and answers what it raises.

    Args:
        requester: says who asks where: of an interaction, in the server with this id.
        guild_of_job: finds the server that a job is of; None where there is no such job.
        require_served: raises for servers that are not served; asked at each press.
        let_through: tells whether a press is to be served at all, and answers it if not.
        keep: keeps a form that was refused, by its custom id, and returns the button to correct it by, if there is one.
    """

    def __init__(
        self,
        *,
        requester: Callable[[discord.Interaction, int], Requester],
        guild_of_job: Callable[[str], Awaitable[int | None]],
        require_served: Callable[[int], None],
        let_through: Callable[[discord.Interaction], Awaitable[bool]],
        keep: Callable[[Press, str], Awaitable[DraftItem | None]],
    ) -> None:
        self._requester = requester
        self._guild_of_job = guild_of_job
        self._require_served = require_served
        self._let_through = let_through
        self._keep = keep
        self._components: list[_Component] = []

    @property
    def templates(self) -> list[str]:
        """The shapes of all custom ids that are answered."""
        return [each.template for each in self._components]

    def add(self, *owners: object, check: Callable[[discord.Interaction], None] | None = None) -> None:
        """Answer presses by all methods of some objects that are marked with ``component``.

        Args:
            check: raises for those who may not do what these methods do; asked at each press.

        Raises:
            ValueError: when a template is there twice, or names something that its method does not take.
        """
        for owner in owners:
            for answer in _marked(owner):
                template: str = getattr(answer, _TEMPLATE)
                names = custom_ids.names_in(template)
                if template in self.templates or names != set(inspect.signature(answer).parameters) - {"press"}:
                    raise ValueError(f"{template} is there twice, or is not what {answer} takes")
                chosen = getattr(answer, _CHOICE)
                self._components.append(
                    _Component(template, custom_ids.compile_template(template), answer, chosen, check)
                )
        self._components.sort(key=lambda each: each.template.count("{"))  # what is said literally goes before a word

    def find(self, custom_id: str) -> tuple[str, dict[str, str | int]] | None:
        """Return the template that a custom id has the shape of and what varies in it, or None."""
        found = self._find(custom_id)
        return None if found is None else (found[0].template, found[1])

    @commands.Cog.listener()
    async def on_press(self, interaction: discord.Interaction, custom_id: str, values: Sequence[Any]) -> None:
        """Answer a button or a select of a registered class."""
        await self._answer(interaction, custom_id, values=values)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer forms, and what nothing else answers: an item of no class that there still is."""
        data: Any = interaction.data
        if interaction.type is discord.InteractionType.modal_submit:
            await self._answer(interaction, data["custom_id"], fields=fields_of(data))
        elif interaction.type is discord.InteractionType.component:
            known = any(each.__discord_ui_compiled_template__.fullmatch(data["custom_id"]) for each in ITEM_CLASSES)
            if not (known and _has(interaction.message, data)):
                await self._answer(interaction, None)

    async def _answer(
        self,
        interaction: discord.Interaction,
        custom_id: str | None,
        *,
        values: Sequence[Any] = (),
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Do what was asked for, or say why not: discord.py would only log it, and the member would see nothing.

        Args:
            custom_id: None where it is nothing that could have been used.
            fields: of a form; None where it is none.
        """
        if not await self._let_through(interaction):
            return
        press = None
        try:
            if interaction.guild_id is not None:
                self._require_served(interaction.guild_id)
            found = None if custom_id is None else self._find(custom_id)
            if found is not None and found[0].check is not None:
                found[0].check(interaction)
            if found is None or not found[0].takes(values, is_form=fields is not None):
                _log.info("unknown component", extra={"custom_id": custom_id, "interaction_id": interaction.id})
                await replies.reply(interaction, refusals.UNKNOWN_COMPONENT)
                return
            component, ids = found
            requester = self._requester(interaction, await self._guild_id(interaction, ids))
            press = Press(interaction=interaction, requester=requester, values=values, fields=fields or {})
            await component.answer(press, **ids)
        except Exception as error:  # noqa: BLE001 (whatever it is, somebody waits for an answer; it is logged there)
            button = None
            if press is not None and custom_id is not None and fields is not None:
                button = await self._keep(press, custom_id)
            await replies.reply_with_error(interaction, error, typed=typed_in(fields or {}), button=button)

    async def _guild_id(self, interaction: discord.Interaction, ids: Mapping[str, str | int]) -> int:
        """Return the server: the interaction's, or in direct messages that of the job in the custom id.

        Raises:
            ClipUnknownError: when there is no such job.
            discord.app_commands.NoPrivateMessage: when the custom id is about no job.
        """
        guild_id = interaction.guild_id
        if guild_id is None and "job_id" in ids:
            guild_id = await self._guild_of_job(str(ids["job_id"]))
            if guild_id is None:
                raise ClipUnknownError
        if guild_id is None:
            raise app_commands.NoPrivateMessage
        self._require_served(guild_id)
        return guild_id

    def _find(self, custom_id: str) -> tuple[_Component, dict[str, str | int]] | None:
        for each in self._components:
            match = each.pattern.fullmatch(custom_id)
            if match is not None:
                ids = custom_ids.read(match)
                return None if ids is None else (each, ids)
        return None


def _marked(owner: object) -> Iterator[Callable[..., Awaitable[None]]]:
    for name in dir(type(owner)):
        if hasattr(getattr(type(owner), name), _TEMPLATE):
            yield getattr(owner, name)


def _has(message: discord.Message | None, used: Mapping[str, Any]) -> bool:
    """Tell whether an item that is said to be used is in the message; discord.py leaves any other unanswered."""

    def walk(items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            yield item
            yield from walk((*getattr(item, "children", ()), *filter(None, [getattr(item, "accessory", None)])))

    wanted = (used["custom_id"], used["component_type"])
    items = walk(() if message is None else message.components)
    return any((getattr(item, "custom_id", None), item.type.value) == wanted for item in items)
