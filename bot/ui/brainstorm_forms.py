"""The forms of brainstorming, and how what was filled in is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
from discord import SelectOption, ui

from bot.errors import InvalidSettingError, InvalidSpecError
from bot.models import PROMPT_MAX_CHARACTERS
from bot.models.brainstorms import TAKES_FEWEST, TAKES_MOST, Vary, VoteTerms
from bot.services.brainstorms.drawing.idea import IDEA_MAX_CHARACTERS
from bot.ui.forms import ASPECT, DURATION, PROMPT, make_form
from bot.ui.text import failures, formatting
from bot.ui.text.brainstorms import forms as form_text
from bot.ui.text.brainstorms import takes as take_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.models import Job, ModelProfile
    from bot.models.brainstorms import Preview

TAKES, VARY = "takes", "vary"
CLOCK, VOTES, COUNTS, VOTERS = "clock", "votes", "counts", "voters"
"""The fields' names; an idea is called ``PROMPT``, since what is typed there is given back when it is refused."""
BY_HAND, SHOWN, HIDDEN = "by_hand", "shown", "hidden"
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_ROLE_ID = re.compile(r"[0-9]{1,19}", re.ASCII)


def edit_form(preview: Preview, profile: ModelProfile) -> ui.Modal:
    """Ask what to change of a preview; all of it is filled in already.

    Args:
        profile: says which shapes and lengths there are.
    """
    shapes = [
        SelectOption(label=formatting.ASPECTS[aspect], value=aspect.value, default=aspect is preview.aspect)
        for aspect in profile.aspects
    ]
    lengths = [
        SelectOption(label=label, value=str(seconds), default=seconds == preview.duration_seconds)
        for seconds, label in formatting.durations(profile).items()
    ]
    return make_form(
        f"form:preview_edit:{preview.id}",
        form_text.EDIT_TITLE,
        _words(form_text.IDEA, form_text.IDEA_EXPLAINED, preview.idea),
        _takes(preview.takes, beside_winner=preview.reigning_job_id is not None),
        _vary(preview.vary),
        _select(ASPECT, form_text.ASPECT, shapes, form_text.PLACES_DEFAULT, required=False),
        _select(DURATION, form_text.DURATION, lengths, form_text.PLACES_DEFAULT, required=False),
    )


def vote_form(preview: Preview) -> ui.Modal:
    """Ask how takes are to be voted on; what holds now is filled in already."""
    terms = preview.vote
    clocks = [
        SelectOption(
            label=label,
            value=BY_HAND if seconds is None else str(seconds),
            default=seconds == terms.clock_seconds,
        )
        for seconds, label in form_text.CLOCKS_OFFERED.items()
    ]
    votes = [
        SelectOption(label=label, value=str(count), default=count == terms.votes_each)
        for count, label in form_text.VOTES_OFFERED.items()
    ]
    counts = [
        SelectOption(label=form_text.COUNTS_HIDDEN, value=HIDDEN, default=not terms.shows_counts),
        SelectOption(label=form_text.COUNTS_SHOWN, value=SHOWN, default=terms.shows_counts),
    ]
    return make_form(
        f"form:preview_vote:{preview.id}",
        form_text.VOTE_TITLE,
        _select(CLOCK, form_text.CLOCK, clocks, form_text.CLOCK_EXPLAINED),
        _select(VOTES, form_text.VOTES, votes),
        _select(COUNTS, form_text.COUNTS, counts),
        _voters(terms.voter_role_id),
    )


def next_form(round_id: str, prompt: str, takes: int, vary: Vary) -> ui.Modal:
    """Ask what to make of a winner: its prompt, what to vary and how many new takes, filled in already.

    A prompt may be longer than an idea; it is shown whole, so that whoever goes on from it decides what to leave out.
    """
    return make_form(
        f"form:round_next:{round_id}",
        form_text.NEXT_TITLE,
        _words(form_text.PROMPT, form_text.NEXT_EXPLAINED, prompt, max_characters=PROMPT_MAX_CHARACTERS),
        _vary(vary),
        _takes(takes, beside_winner=True),
    )


def reword_form(round_id: str, job: Job) -> ui.Modal:
    """Ask for other words for a take that failed; its own are filled in, and why its prompt was refused is said."""
    why = failures.failure(job.error_code) if job.hides_prompt else None
    words = _words(form_text.PROMPT, why, job.spec.prompt, max_characters=PROMPT_MAX_CHARACTERS)
    return make_form(f"form:round_reword:{round_id}:{job.number}", form_text.reword_title(job.number), words)


# Reading what was filled in -----------------------------------------------------------------------


def read_vary(text: str) -> Vary:
    """Read what is varied; nothing said is *Auto*.

    Raises:
        InvalidSpecError: when it is not offered.
    """
    try:
        return Vary(text or Vary.AUTO)
    except ValueError:
        raise InvalidSpecError("vary", "not_offered") from None


def read_takes(text: str, *, beside_winner: bool = False) -> int:
    """Read how many takes are to be made.

    Args:
        beside_winner: the winner of the last round stands beside them, so that they are one less.

    Raises:
        InvalidSpecError: when it is no number that is offered; it carries the least and the most.
    """
    takes = int(text) if _NUMBER.fullmatch(text) else 0
    fewest, most = _offered_takes(beside_winner=beside_winner)
    if not fewest <= takes <= most:
        raise InvalidSpecError("takes", "not_offered", offered=(fewest, most))
    return takes


def read_vote_terms(fields: Mapping[str, str], *, guild_id: int) -> VoteTerms:
    """Read how takes are to be voted on.

    Args:
        fields: what was filled in, by the fields' names.
        guild_id: which is also the id of the role that everybody has.

    Raises:
        InvalidSettingError: when something is not offered.
    """
    clock, votes, counts, voters = (fields.get(name, "") for name in (CLOCK, VOTES, COUNTS, VOTERS))
    if counts not in {SHOWN, HIDDEN}:
        raise InvalidSettingError("counts", "not_offered")
    if voters and not _ROLE_ID.fullmatch(voters):
        raise InvalidSettingError("voters", "unknown")
    role_id = int(voters) if voters else None
    return VoteTerms(
        clock_seconds=None if clock == BY_HAND else _number(clock),
        votes_each=_number(votes),
        shows_counts=counts == SHOWN,
        voter_role_id=None if role_id == guild_id else role_id,
    )


def _number(text: str) -> int:
    """Return a number; 0, which is offered nowhere, for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else 0


# Parts -------------------------------------------------------------------------------------------


def _words(label: str, explained: str | None, words: str, max_characters: int = IDEA_MAX_CHARACTERS) -> ui.Label[Any]:
    typed = ui.TextInput[Any](
        custom_id=PROMPT,
        style=discord.TextStyle.paragraph,
        default=words[:max_characters] or None,
        max_length=max_characters,
    )
    return ui.Label(text=label, description=explained, component=typed)


def _takes(takes: int, *, beside_winner: bool) -> ui.Label[Any]:
    offered = form_text.takes_offered(*_offered_takes(beside_winner=beside_winner))
    options = [SelectOption(label=label, value=str(count), default=count == takes) for count, label in offered.items()]
    if beside_winner:
        return _select(TAKES, form_text.NEW_TAKES, options, form_text.NEW_TAKES_EXPLAINED)
    return _select(TAKES, form_text.TAKES, options)


def _offered_takes(*, beside_winner: bool) -> tuple[int, int]:
    """Return the least and the most takes that can be made."""
    return TAKES_FEWEST - beside_winner, TAKES_MOST - beside_winner


def _vary(chosen: Vary) -> ui.Label[Any]:
    options = [
        SelectOption(
            label=label, value=vary.value, description=take_text.VARIED_EXPLAINED[vary], default=vary is chosen
        )
        for vary, label in take_text.VARIED.items()
    ]
    return _select(VARY, form_text.VARY, options, form_text.VARY_EXPLAINED)


def _voters(role_id: int | None) -> ui.Label[Any]:
    chosen = (
        [] if role_id is None else [discord.SelectDefaultValue(id=role_id, type=discord.SelectDefaultValueType.role)]
    )
    select = ui.RoleSelect[Any](custom_id=VOTERS, min_values=0, required=False, default_values=chosen)
    return ui.Label(text=form_text.VOTERS, description=form_text.VOTERS_EXPLAINED, component=select)


def _select(
    name: str, label: str, options: list[SelectOption], explained: str | None = None, *, required: bool = True
) -> ui.Label[Any]:
    select = ui.Select[Any](custom_id=name, options=options, required=required, min_values=1 if required else 0)
    return ui.Label(text=label, description=explained, component=select)
