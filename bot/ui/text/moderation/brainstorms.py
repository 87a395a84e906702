"""The words that moderators read about brainstorming: how it is held, and their lists of phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import (
    BRAINSTORMS_PER_CHANNEL_MOST,
    BRAINSTORMS_PER_MEMBER_MOST,
    TYPED_MAX_CHARACTERS,
    QuotaSource,
)
from bot.models.brainstorms import LIST_NAME_MAX_CHARACTERS, PHRASE_MAX_CHARACTERS, PHRASES_FEWEST, PHRASES_MOST
from bot.services.brainstorms.drawing.phrases import LISTS
from bot.services.brainstorms.lists import LISTS_MOST
from bot.ui.text import formatting

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.models import AuditDetails, Server
    from bot.models.brainstorms import PhraseList

INVALID_SETTINGS = {
    ("brainstorms_per_channel", "out_of_range"): (
        f"Choose 1 to {BRAINSTORMS_PER_CHANNEL_MOST} brainstorms at once in one channel."
    ),
    ("brainstorms_per_member", "out_of_range"): (
        f"Choose 1 to {BRAINSTORMS_PER_MEMBER_MOST} brainstorms at once of one member."
    ),
    ("own_votes", "unknown"): "Choose whether members may vote for takes of their own.",
    ("list_name", "missing"): "Give the list a name.",
    ("list_name", "too_long"): f"That name is too long; use at most {LIST_NAME_MAX_CHARACTERS} characters.",
    ("list_name", "signs"): "A list's name can have only the letters a to z, digits, hyphens and underscores.",
    ("list_name", "built_in"): "A list of that name comes with the bot; choose another name.",
    ("list_name", "exists"): "This server has a list of that name; edit that one, or choose another name.",
    ("phrases", "too_few"): f"Write at least {PHRASES_FEWEST} phrases, each on a line of its own.",
    ("phrases", "too_many"): f"Those are too many phrases; use at most {PHRASES_MOST}.",
    (
        "phrases",
        "too_long",
    ): f"One of the phrases is too long; use at most {PHRASE_MAX_CHARACTERS} characters.",
    ("phrases", "signs"): "Leave out `{`, `}`, `|` and `\\`: these signs have a meaning of their own in ideas.",
    ("phrases", "same"): "One of the phrases is there twice; capital and small letters make no difference.",
    ("phrases", "too_large"): (
        f"Those phrases are more than {TYPED_MAX_CHARACTERS:,} characters together; make two lists of them."
    ),
    ("phrase_list", "too_many"): f"This server has {LISTS_MOST} lists; remove one first.",
    ("phrase_list", "unknown"): "There is no such list; it may have been removed meanwhile.",
}
OWN_VOTES = {True: "also for takes of their own", False: "but not for takes of their own"}


def slot(name: str) -> str:
    """Write a list's name as ideas have it: ``{animals}``."""
    return f"`{{{name}}}`"


def built_in() -> str:
    """Name the lists that come with the bot."""
    *others, last = map(slot, sorted(LISTS))
    return f"{', '.join(others)} and {last}"


# Settings ----------------------------------------------------------------------------------------


def settings(details: AuditDetails, deleted: Collection[int] = ()) -> str:
    """Write how brainstorms are held, from ``Server.brainstorm_details`` or what the audit has of them.

    Args:
        deleted: ids of roles that are known to be deleted.
    """
    role_id = details["voter_role_id"]
    voters = "everybody who sees the thread may vote"
    if role_id is not None:
        voters = f"only who has {formatting.subject(QuotaSource.ROLE, role_id, deleted)} may vote"
    return (
        f"{details['per_channel']} at once in a channel, {details['per_member']} of each member; "
        f"{voters}, {OWN_VOTES[details['own_votes']]}"
    )


def settings_set(server: Server) -> str:
    """Confirm how brainstorms are held from now on."""
    return f"Brainstorming now: {settings(server.brainstorm_details)}."


# Lists -------------------------------------------------------------------------------------------


def list_words(name: str, phrases: Sequence[str], max_characters: int = formatting.LINE_CHARACTERS) -> str:
    """Write a list: its name, how many phrases it has, and the first of them.

    Args:
        max_characters: how much of the phrases to show.
    """
    first = formatting.quoted(formatting.plain(", ".join(phrases), max_characters))
    return f"{slot(name)}, {formatting.counted(len(phrases), 'phrase')}: {first}"


def list_line(phrase_list: PhraseList) -> str:
    """Write a list as the panel has it."""
    return f"{list_words(phrase_list.name, phrase_list.phrases)}, set by <@{phrase_list.set_by_id}>"


def list_added(phrase_list: PhraseList) -> str:
    """Confirm a new list."""
    return f"Ideas can name it now: {list_words(phrase_list.name, phrase_list.phrases)}."


def list_replaced(phrase_list: PhraseList) -> str:
    """Confirm which phrases a list has now."""
    return f"From now on: {list_words(phrase_list.name, phrase_list.phrases)}."


def list_removed(phrase_list: PhraseList) -> str:
    """Confirm that a list is removed."""
    return f"Removed: {list_words(phrase_list.name, phrase_list.phrases)}."
