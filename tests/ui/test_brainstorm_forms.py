"""The forms of brainstorming: what is filled in already, and how what was filled in is read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import InvalidSettingError, InvalidSpecError
from bot.models import GEMINI_OMNI, Aspect, JobError, JobState
from bot.models.brainstorms import CLOCKS_SECONDS, Vary, VoteTerms
from bot.ui import brainstorm_forms as forms
from bot.ui.filled_forms import fields_of
from bot.ui.text import commands, refusals
from bot.ui.text.brainstorms import takes as take_text
from tests.support.brainstorms import PREVIEW_ID, ROUND_ID, make_preview
from tests.support.discord_server.requests import RouteKind
from tests.support.discord_server.schema import OpenApiCheck
from tests.support.jobs import make_job
from tests.support.openapi import OPENAPI, needs_openapi

if TYPE_CHECKING:
    from collections.abc import Callable

    from discord import ui

    from bot.models import Job

GUILD_ID = 2
LONGEST = make_preview(
    idea="😀" * 1500, aspect=Aspect.PORTRAIT, duration_seconds=10, vote=VoteTerms(voter_role_id=2**63 - 1)
)
FORMS: dict[str, Callable[[], ui.Modal]] = {
    "edit": lambda: forms.edit_form(make_preview(), GEMINI_OMNI),
    "edit, longest": lambda: forms.edit_form(LONGEST, GEMINI_OMNI),
    "vote": lambda: forms.vote_form(make_preview()),
    "vote, with a role": lambda: forms.vote_form(LONGEST),
    "next": lambda: forms.next_form(ROUND_ID, "A fox", 4, Vary.AUTO),
    "next, longest": lambda: forms.next_form("9" * 25, "x" * 2000, 7, Vary.NOTHING),
    "reword": lambda: forms.reword_form("9" * 25, make_job("x" * 2000, number=8)),
    "reword, refused": lambda: forms.reword_form(ROUND_ID, refused(JobError.CONTENT_POLICY)),
}
ASKED = {forms.CLOCK: "3600", forms.VOTES: "1", forms.COUNTS: forms.HIDDEN}


def filled_in(form: ui.Modal) -> dict[str, Any]:
    """Return what a form has filled in already, by its fields' names."""
    found: dict[str, Any] = {}
    for label in form.to_dict()["components"]:
        field = label["component"]
        if "options" in field:
            found[field["custom_id"]] = [option["value"] for option in field["options"] if option.get("default")]
        else:
            found[field["custom_id"]] = field.get("value") or [it["id"] for it in field.get("default_values", [])]
    return found


def refused(error: JobError) -> Job:
    return make_job("A fox", state=JobState.FAILED, error_code=error, number=3)


def takes_of(form: ui.Modal) -> list[str]:
    """Return the numbers of takes that a form offers."""
    fields = [label["component"] for label in form.to_dict()["components"]]
    [options] = [field["options"] for field in fields if field["custom_id"] == forms.TAKES]
    return [option["value"] for option in options]


@needs_openapi
async def test_forms_are_as_discord_describes_them() -> None:
    check = await asyncio.to_thread(OpenApiCheck, OPENAPI)

    for form in FORMS.values():
        check.check_body(RouteKind.CALLBACK, {"type": 9, "data": form().to_dict()})


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_has_at_most_five_fields_and_texts_within_discords_limits(name: str) -> None:
    form = FORMS[name]().to_dict()

    assert 1 <= len(form["components"]) <= 5
    assert len(form["title"]) <= 45
    assert len(form["custom_id"]) <= 100
    for label in form["components"]:
        assert len(label["label"]) <= 45
        assert len(label.get("description") or "") <= 100
        assert all(len(it["label"]) <= 100 for it in label["component"].get("options", []))
        assert all(len(it.get("description") or "") <= 100 for it in label["component"].get("options", []))


@pytest.mark.parametrize("name", FORMS)
async def test_no_form_is_kept_by_the_library(name: str) -> None:
    assert FORMS[name]().is_finished()


async def test_editing_a_preview_has_all_of_it_filled_in() -> None:
    form = forms.edit_form(
        make_preview(takes=5, vary=Vary.MOOD, aspect=Aspect.PORTRAIT, duration_seconds=10), GEMINI_OMNI
    )

    assert form.custom_id == f"form:preview_edit:{PREVIEW_ID}"
    assert filled_in(form) == {
        "prompt": "A fox",
        "takes": ["5"],
        "vary": ["mood"],
        "aspect": ["9:16"],
        "duration": ["10"],
    }


async def test_what_a_preview_leaves_to_the_channel_stays_open() -> None:
    filled = filled_in(forms.edit_form(make_preview(), GEMINI_OMNI))

    assert (filled["aspect"], filled["duration"]) == ([], [])


@pytest.mark.parametrize(
    ("terms", "filled"),
    [
        (VoteTerms(), {"clock": ["3600"], "votes": ["1"], "counts": ["hidden"], "voters": []}),
        (
            VoteTerms(clock_seconds=None, votes_each=3, shows_counts=True, voter_role_id=9),
            {"clock": ["by_hand"], "votes": ["3"], "counts": ["shown"], "voters": [9]},
        ),
    ],
)
async def test_how_takes_are_voted_on_is_filled_in(terms: VoteTerms, filled: dict[str, Any]) -> None:
    form = forms.vote_form(make_preview(vote=terms))

    assert form.custom_id == f"form:preview_vote:{PREVIEW_ID}"
    assert filled_in(form) == filled


async def test_a_next_round_begins_with_the_winners_words() -> None:
    form = forms.next_form(ROUND_ID, "A fox, moonlight", 4, Vary.CAMERA)

    assert form.custom_id == f"form:round_next:{ROUND_ID}"
    assert filled_in(form) == {"prompt": "A fox, moonlight", "vary": ["camera"], "takes": ["4"]}


async def test_rewording_a_take_begins_with_its_own_words() -> None:
    form = forms.reword_form(ROUND_ID, make_job("A fox, moonlight", number=3))

    assert form.custom_id == f"form:round_reword:{ROUND_ID}:3"
    assert form.title == "Reword take 3"
    assert filled_in(form) == {"prompt": "A fox, moonlight"}


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (JobError.CONTENT_POLICY, "The video service refused this prompt because of its content rules."),
        (JobError.REJECTED, "The video service could not use this request."),
        (JobError.TIMED_OUT, None),
    ],
)
async def test_the_form_to_reword_says_why_a_prompt_was_refused(error: JobError, why: str | None) -> None:
    [field] = forms.reword_form(ROUND_ID, refused(error)).to_dict()["components"]

    assert field.get("description") == why


# Reading -----------------------------------------------------------------------------------------


def test_a_role_that_is_chosen_is_read_from_a_form_as_discord_sends_it() -> None:
    sent = {"components": [{"type": 18, "component": {"type": 6, "custom_id": forms.VOTERS, "values": ["9"]}}]}

    assert fields_of(sent) == {forms.VOTERS: "9"}
    assert forms.read_vote_terms(ASKED | fields_of(sent), guild_id=GUILD_ID).voter_role_id == 9


@pytest.mark.parametrize("vary", Vary)
def test_each_way_to_vary_is_read_as_what_it_is(vary: Vary) -> None:
    assert forms.read_vary(vary.value) is vary


def test_nothing_said_varies_whole_looks() -> None:
    assert forms.read_vary("") is Vary.AUTO


@pytest.mark.parametrize("text", ["all", "AUTO", "auto "])
def test_a_way_to_vary_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpecError, match="vary: not_offered"):
        forms.read_vary(text)


def test_takes_are_read_from_2_to_8() -> None:
    assert [forms.read_takes(str(count)) for count in range(2, 9)] == list(range(2, 9))


def test_beside_a_winner_takes_are_read_from_1_to_7() -> None:
    assert [forms.read_takes(str(count), beside_winner=True) for count in range(1, 8)] == list(range(1, 8))
    with pytest.raises(InvalidSpecError) as caught:
        forms.read_takes("8", beside_winner=True)

    assert refusals.explain(caught.value) == "That number of takes is not on offer; choose 1 to 7."


async def test_forms_offer_as_many_takes_as_a_round_has_room_for() -> None:
    beside_winner = make_preview(brainstorm_id="01b", reigning_job_id="01j")

    assert takes_of(forms.edit_form(make_preview(), GEMINI_OMNI)) == [str(count) for count in range(2, 9)]
    for form in (forms.edit_form(beside_winner, GEMINI_OMNI), forms.next_form(ROUND_ID, "A fox", 4, Vary.AUTO)):
        assert takes_of(form) == [str(count) for count in range(1, 8)]


@pytest.mark.parametrize("text", ["", "1", "9", "-2", "2.5", "٣", "two", "9" * 50])
def test_any_other_number_of_takes_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpecError, match="takes: not_offered"):
        forms.read_takes(text)


@pytest.mark.parametrize("clock", [*CLOCKS_SECONDS, None])
def test_every_clock_that_is_offered_is_read(clock: int | None) -> None:
    value = forms.BY_HAND if clock is None else str(clock)

    assert forms.read_vote_terms(ASKED | {forms.CLOCK: value}, guild_id=GUILD_ID).clock_seconds == clock


def test_how_takes_are_voted_on_is_read() -> None:
    typed = {forms.CLOCK: "by_hand", forms.VOTES: "3", forms.COUNTS: "shown", forms.VOTERS: "9"}

    assert forms.read_vote_terms(typed, guild_id=GUILD_ID) == VoteTerms(
        clock_seconds=None, votes_each=3, shows_counts=True, voter_role_id=9
    )


@pytest.mark.parametrize("voters", ["", str(GUILD_ID)], ids=["no role", "the role of everybody"])
def test_everybody_votes_where_no_role_is_chosen(voters: str) -> None:
    assert forms.read_vote_terms(ASKED | {forms.VOTERS: voters}, guild_id=GUILD_ID) == VoteTerms()


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        (forms.CLOCK, "", "clock"),
        (forms.CLOCK, "61", "clock"),
        (forms.CLOCK, "-900", "clock"),
        (forms.VOTES, "0", "votes"),
        (forms.VOTES, "4", "votes"),
        (forms.VOTES, "x", "votes"),
        (forms.COUNTS, "", "counts"),
        (forms.COUNTS, "maybe", "counts"),
        (forms.VOTERS, "@everyone", "voters"),
        (forms.VOTERS, "9" * 20, "voters"),
    ],
)
def test_what_is_not_offered_is_refused(field: str, value: str, refused: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        forms.read_vote_terms(ASKED | {field: value}, guild_id=GUILD_ID)

    assert caught.value.field == refused


# Words -------------------------------------------------------------------------------------------


def test_every_way_to_vary_has_a_name_and_says_what_it_does() -> None:
    assert set(take_text.VARIED) == set(take_text.VARIED_EXPLAINED) == set(Vary)


def test_commands_and_options_say_what_they_do_within_discords_limits() -> None:
    said = [words for name, words in vars(commands).items() if name.startswith("BRAINSTORM")]

    assert len(said) == 6
    assert all(len(words) <= 100 for words in said)
    assert len(commands.BRAINSTORM_MENU) <= 32
