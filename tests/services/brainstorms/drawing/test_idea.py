"""Ideas with slots: what they are read as, and where they break."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.brainstorms.drawing.idea import (
    COMBINATIONS_MOST,
    IDEA_MAX_CHARACTERS,
    SLOTS_MOST,
    BrokenIdeaError,
    Idea,
    IdeaFault,
    Slot,
    escaped,
    parse_idea,
)

NAMED = {"camera": ("wide shot", "close-up"), "цвет": ("red", "blue", "green")}
PLAIN = st.text(st.characters(codec="utf-8"), max_size=40).filter(lambda text: not set(text) & set("{}|\\"))
CHOICE = PLAIN.map(str.strip).filter(bool)
SLOT = st.lists(CHOICE, min_size=2, max_size=5, unique_by=str.casefold)


def read(text: str) -> Idea | BrokenIdeaError:
    try:
        return parse_idea(text, NAMED)
    except BrokenIdeaError as error:
        return error


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("A fox", ["A fox"]),
        ("A {red|blue} fox", ["A red fox", "A blue fox"]),
        ("{ red | blue }", ["red", "blue"]),
        ("A fox, {camera}", ["A fox, wide shot", "A fox, close-up"]),
        ("{ Camera }", ["wide shot", "close-up"]),
        ("{ЦВЕТ}", ["red", "blue", "green"]),
        (r"A \{fox\} | a dog \| \n", ["A {fox} | a dog | \\n"]),
        (r"{a\|b|\{c\}}", ["a|b", "{c}"]),
        ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
    ],
)
def test_an_idea_stands_for_prompts(text: str, prompts: list[str]) -> None:
    idea = parse_idea(text, NAMED)
    assert [idea.prompt(picks) for picks in product(*(range(len(slot.choices)) for slot in idea.slots))] == prompts
    assert idea.combinations == len(prompts)


@pytest.mark.parametrize(
    ("text", "fault", "position", "excerpt"),
    [
        ("A {red|blue fox", IdeaFault.NOT_CLOSED, 2, "{red|blue fox"),
        ("A fox {", IdeaFault.NOT_CLOSED, 6, "{"),
        ("A red} fox", IdeaFault.NOT_OPENED, 5, "}"),
        ("A {red|{blue|green}} fox", IdeaFault.NESTED, 7, "{red|{"),
        ("A {} fox", IdeaFault.NO_CHOICE, 2, "{}"),
        ("A { } fox", IdeaFault.NO_CHOICE, 2, "{ }"),
        ("A {red|} fox", IdeaFault.EMPTY_CHOICE, 2, "{red|}"),
        ("A {|} fox", IdeaFault.EMPTY_CHOICE, 2, "{|}"),
        ("A {red|RED } fox", IdeaFault.SAME_CHOICE, 2, "{red|RED }"),
        ("A {colour} fox", IdeaFault.UNKNOWN_LIST, 2, "{colour}"),
        (r"A \{red} fox", IdeaFault.NOT_OPENED, 7, "}"),
        ("a" * (IDEA_MAX_CHARACTERS + 1), IdeaFault.TOO_LONG, 0, ""),
        ("{a|b}" * (SLOTS_MOST + 1), IdeaFault.TOO_MANY_SLOTS, 0, ""),
        ("{1|2|3|4|5|6|7|8|9|10|11}" * 4, IdeaFault.TOO_MANY_COMBINATIONS, 0, ""),
    ],
)
def test_a_broken_one_says_where(text: str, fault: IdeaFault, position: int, excerpt: str) -> None:
    with pytest.raises(BrokenIdeaError) as raised:
        parse_idea(text, NAMED)
    assert (raised.value.fault, raised.value.position, raised.value.excerpt) == (fault, position, excerpt)


def test_as_many_combinations_as_are_allowed_are_taken() -> None:
    assert parse_idea("{1|2|3|4|5|6|7|8|9|10}" * 4, {}).combinations == COMBINATIONS_MOST


@given(texts=st.lists(PLAIN, min_size=1, max_size=SLOTS_MOST + 1), slots=st.data())
def test_what_is_typed_is_what_is_read(texts: list[str], slots: st.DataObject) -> None:
    choices = [slots.draw(SLOT) for _ in texts[1:]]
    typed = texts[0] + "".join(f"{{{'|'.join(each)}}}{text}" for each, text in zip(choices, texts[1:], strict=True))
    idea = read(typed)
    if isinstance(idea, BrokenIdeaError):
        assert idea.fault in {IdeaFault.TOO_LONG, IdeaFault.TOO_MANY_COMBINATIONS}
    else:
        assert idea == Idea(tuple(texts), tuple(Slot(tuple(each)) for each in choices))


@given(text=st.text(st.sampled_from("{}|\\ab"), max_size=30))
def test_any_text_is_read_or_breaks_at_one_of_its_signs(text: str) -> None:
    idea = read(text)
    if isinstance(idea, BrokenIdeaError):
        assert text[idea.position] in "{}"
    else:
        assert len(idea.texts) == len(idea.slots) + 1


@given(text=st.text(max_size=600))
def test_what_is_escaped_stands_for_itself_alone(text: str) -> None:
    idea = parse_idea(escaped(text), {})

    assert (idea.slots, idea.prompt()) == ((), text)
