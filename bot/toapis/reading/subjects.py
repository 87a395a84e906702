"""What an error is about, by the tables of ``vocabulary``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.toapis.reading.kinds import Subject, first_subject, fold
from bot.toapis.reading.vocabulary import (
    BY_STATUS,
    GENERAL,
    MODERATION_IN_TEXT,
    MONEY,
    NOT_MODERATION_IN_TEXT,
    SPECIFIC,
    WHOLE_MESSAGES,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_SENTENCE_ENDS = re.compile(r"[.!?;]+(?=\s|$)|[\n。！？；]")
_ONE_WORD = re.compile(r"[A-Za-z][\w.:\-]{2,99}", re.ASCII)


def find_subject(words: Iterable[str], http_status: int, message: str, *, reads_text: bool = True) -> Subject:
    """Say what an error answer is about, in the order that ``vocabulary`` states.

    Args:
        words: its code, type and the like, the most reliable first.
        http_status: the answer's; under 200, a code that is an error's HTTP status stands for it.
        message: its text, without what it quotes.
        reads_text: whether the text may say that it is moderation.
    """
    folded = [fold(word) for word in words]
    status = _status_of(folded, http_status)
    if _ONE_WORD.fullmatch(message):
        folded.append(fold(message))
    specific = first_subject(SPECIFIC, folded, status) or first_subject(WHOLE_MESSAGES, [fold(message)], status)
    if specific is not None:
        return specific
    by_status = BY_STATUS.get(status, Subject.REQUEST if 400 <= status < 500 else Subject.FAULT)
    subject = first_subject(GENERAL, folded, status) or by_status
    may_be_moderation = reads_text and subject is not Subject.NO_ANSWER
    return Subject.MODERATION if may_be_moderation and _speaks_of_moderation(message) else subject


def is_moderation(words: Iterable[str], message: str) -> bool:
    """Tell whether a generation failed because of what it shows or was asked to show."""
    return find_subject(words, 400, message) is Subject.MODERATION


def specific_subject(text: object) -> Subject | None:
    """Return what a code, or a text that is no more than a code, leaves no doubt about; else None."""
    if not isinstance(text, str) or not _ONE_WORD.fullmatch(text):
        return None
    return first_subject(SPECIFIC, [fold(text)], 400)


def _status_of(folded: list[str], http_status: int) -> int:
    if 200 <= http_status < 300:
        return next((int(word) for word in folded if re.fullmatch(r"[45][0-9]{2}", word)), 200)
    return http_status


def _speaks_of_moderation(message: str) -> bool:
    sentences = [fold(sentence) for sentence in _SENTENCE_ENDS.split(message)]
    if any(kind.fits(sentence) for kind in NOT_MODERATION_IN_TEXT for sentence in sentences):
        return False
    return any(MODERATION_IN_TEXT.fits(sentence) and not MONEY.fits(sentence) for sentence in sentences)
