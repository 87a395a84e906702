"""Forms that were refused: what was typed is kept, and *Correct it* shows the form with it once more.

Discord takes no form in answer to a form, so the answer has a button that opens it. A method makes a form anew by a
decorator with the shape of the form's custom ids, and gets what stands in the braces::

    @form("form:cap")
    async def cap_form(self, press: Press) -> ui.Modal: ...
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from discord import ui

from bot.errors import DraftGoneError, StoreUnavailableError
from bot.models import FilledForm
from bot.ui import custom_ids, filled_forms, replies
from bot.ui.components import DraftItem, component
from bot.ui.text import forms as form_text

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable, Callable

    import discord

    from bot.services.clips.drafts import Drafts
    from bot.ui.components import Press

    Makes = Callable[..., Awaitable[ui.Modal]]

_log = logging.getLogger(__name__)

_Function = TypeVar("_Function", bound="Makes")
_TEMPLATE = "__form_template__"


def form(template: str) -> Callable[[_Function], _Function]:
    """Let a method make the forms whose custom ids have this shape (``component`` says which there are)."""

    def mark(function: _Function) -> _Function:
        setattr(function, _TEMPLATE, template)
        return function

    return mark


@dataclass(frozen=True, slots=True)
class _Maker:
    """A method with the custom ids whose forms it makes, and who may see these."""

    pattern: re.Pattern[str]
    make: Makes
    check: Callable[[discord.Interaction], None] | None


class Corrections:
    """Keeps what was filled into forms that were refused, and gives it back in the form."""

    def __init__(self, *, drafts: Drafts) -> None:
        self._drafts = drafts
        self._makers: list[_Maker] = []

    def add(self, *owners: object, check: Callable[[discord.Interaction], None] | None = None) -> None:
        """Give forms back that are made by the methods of some objects that are marked with ``form``.

        Args:
            check: raises for those who may not see these forms; asked at each press.
        """
        self._makers += [
            _Maker(custom_ids.compile_template(getattr(maker, _TEMPLATE)), getattr(owner, name), check)
            for owner in owners
            for name, maker in vars(type(owner)).items()
            if hasattr(maker, _TEMPLATE)
        ]

    async def keep(self, press: Press, custom_id: str) -> DraftItem | None:
        """Keep a form that was refused; return the button that shows it once more, or None where it is not kept.

        Args:
            custom_id: the form's.
        """
        draft_id = press.interaction.id
        if self._find(custom_id) is None:
            return None
        keeping = self._drafts.keep(
            FilledForm.parse(custom_id, press.fields), draft_id=draft_id, requester=press.requester
        )
        try:
            await replies.run_or_defer(press.interaction, keeping, private=True)
        except StoreUnavailableError as error:
            _log.warning("form not kept", extra={"draft_id": draft_id, "error": type(error).__name__})
            return None
        return DraftItem(ui.Button[Any](label=form_text.CORRECT_BUTTON, custom_id=f"draft:form:{draft_id}"))

    @component("draft:form:{draft_id}")
    async def correct(self, press: Press, draft_id: int) -> None:
        """Show a form with what was filled in and refused."""
        kept = await self._drafts.find_form(draft_id, requester=press.requester)
        found = self._find(kept.custom_id)
        if found is None:  # of an earlier version
            raise DraftGoneError
        maker, ids = found
        if maker.check is not None:
            maker.check(press.interaction)
        made = await maker.make(press, **ids)
        await press.interaction.response.send_modal(filled_forms.fill_in(made, kept.fields))

    def _find(self, custom_id: str) -> tuple[_Maker, dict[str, str | int]] | None:
        for maker in self._makers:
            match = maker.pattern.fullmatch(custom_id)
            ids = None if match is None else custom_ids.read(match)
            if ids is not None:
                return maker, ids
        return None
