"""Forbidden words are found however they are dressed up, and never inside other words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidSettingError
from bot.services.words import WORDS_MAX_CHARACTERS, WordFinder, bare, parse_words, words_of


def finds(rule: str, prompt: str) -> bool:
    return WordFinder({1: rule}).find(prompt) == {1}


@pytest.mark.parametrize(
    ("rule", "prompt"),
    [
        ("bad", "a bad dog"),
        ("bad", "BAD"),
        ("Bad", "bad!"),
        ("bad", "(bad)"),
        ("bad", "this-bad-thing"),
        ("bad", "this_bad_thing"),
        ("bad", "bád"),
        ("bad", "ba\u0301\u0302d"),
        ("bád", "bad"),
        ("bad", "ｂａｄ"),
        ("bad", "𝓫𝓪𝓭"),
        ("bad", "ⓑⓐⓓ"),
        ("bad", "b\u200bad"),
        ("bad", "b\u200d\u2060a\ufeffd"),
        ("bad", "b\u00adad"),
        ("bad", "ba\ufe0fd"),
        ("bad", "baaaaad"),
        ("bad", "bbaadd"),
        ("bad", "BÁÁＤ"),
        ("ass", "asss"),
        ("strasse", "STRASSE"),
        ("straße", "strasse"),
        ("lodz", "Łódź"),
        ("fox", "the fox's den"),
        ("fox", "the fox’s den"),
        ("hot dog", "a hot, dog"),
        ("hot dog", "HÖT   dooog"),
        ("hot dog", "hot\ndog"),
        ("don't", "DON’T"),
        ("плохо", "ПЛОХО!"),
        ("κακό", "ΚΑΚΌ"),
        ("سيئ", "شيء سَيّئ جدا"),
        ("枪支", "我有枪支吗"),
        ("ばか", "それはばかだ"),
        ("🔫", "a man with a 🔫🔫"),
        ("c++", "code in C++"),
    ],
)
def test_is_found(rule: str, prompt: str) -> None:
    assert finds(rule, prompt)


@pytest.mark.parametrize(
    ("rule", "prompt"),
    [
        ("ass", "grass"),
        ("ass", "assess"),
        ("ass", "as"),
        ("hell", "hello"),
        ("hell", "he'll"),
        ("hell", "shell"),
        ("don", "don't"),
        ("bad", "badge"),
        ("bad", "ba d"),
        ("bad", "bd"),
        ("hot dog", "hot"),
        ("hot dog", "hotdog"),
        ("hot dog", "hot big dog"),
        ("hot dog", "dog hot"),
        ("か", "が"),
        ("c++", "c"),
        ("a", ""),
    ],
)
def test_is_not_found(rule: str, prompt: str) -> None:
    assert not finds(rule, prompt)


def test_all_that_a_prompt_holds_are_found_at_once() -> None:
    finder = WordFinder({1: "bad", 2: "bad dog", 3: "cat", 4: "dog bad"})

    assert finder.find("a bad dog") == {1, 2}


@given(st.text(alphabet="abcxyzäéñßøåčžабвгжαβγ019", min_size=1, max_size=20), st.data())
def test_dressing_a_word_up_does_not_hide_it(word: str, data: st.DataObject) -> None:
    dressed = "".join(
        letter * data.draw(st.integers(1, 3)) + data.draw(st.sampled_from(["", "\u200b", "\u0301", "\u2060"]))
        for letter in data.draw(st.sampled_from([word, word.upper(), unicodedata.normalize("NFD", word)]))
    )

    assert finds(word, f"before {dressed} after")


@given(st.text(alphabet="abcdefgh", min_size=1, max_size=8), st.text(alphabet="ijklmnop", min_size=1, max_size=8))
def test_a_word_is_never_found_inside_another(word: str, more: str) -> None:
    assert not finds(word, f"{word}{more} {more}{word} {more}{word}{more}")


@given(st.text(max_size=200))
def test_any_text_can_be_asked_and_is_bare_but_once(text: str) -> None:
    assert all(word.letters for word in words_of(text))
    assert bare(bare(text)) == bare(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "none"), ("  ", "none"), ("...", "none"), ("\u200b", "none"), (None, "none"), ("a" * 101, "too_long")],
)
def test_a_rule_without_a_word_or_with_too_much_is_refused(text: object, reason: str) -> None:
    with pytest.raises(InvalidSettingError) as refusal:
        parse_words(text)

    assert (refusal.value.field, refusal.value.reason) == ("words", reason)
    assert parse_words(f"  two \n {'w' * (WORDS_MAX_CHARACTERS - 4)} ") == f"two {'w' * (WORDS_MAX_CHARACTERS - 4)}"
