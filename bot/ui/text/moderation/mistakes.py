"""The words for what was typed or chosen and can't be set: what is wrong with it, and what may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import InvalidQuotaError
from bot.models import DAYS_MAX, QUOTA_MAX_SECONDS, REASON_MAX_CHARACTERS, SEARCH_MAX_CHARACTERS, PromptRuleKind
from bot.services.screening.patterns import PATTERN_MAX_CHARACTERS
from bot.services.screening.rules import MOST_RULES, WORDS_MAX_TOTAL_CHARACTERS
from bot.services.screening.words import WORDS_MAX_CHARACTERS
from bot.ui.text import formatting
from bot.ui.text.brainstorms import refusals as brainstorm_refusals
from bot.ui.text.moderation import brainstorms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.errors import InvalidSettingError

_INVALID_QUOTA = {
    "not_a_number": "The seconds have to be a whole number.",
    "negative": "The seconds can't be negative.",
    "not_positive": "Give at least 1 second.",
    "too_large": f"That is too much; use at most {QUOTA_MAX_SECONDS:,} seconds.",
    "contradictory": "Choose either seconds or unlimited, not both.",
    "period": "That period is not on offer; choose day, week or month.",
}
INVALID_SETTINGS = brainstorms.INVALID_SETTINGS | {
    ("days", "out_of_range"): f"Choose 1 to {DAYS_MAX} whole days, written as a number such as 7, or leave it out.",
    ("reason", "missing"): "Give a reason: members are shown it.",
    ("reason", "too_long"): f"That reason is too long; use at most {REASON_MAX_CHARACTERS} characters.",
    ("block", "yourself"): "That is you, and you are not blocked: choose *Yes* if you want to be.",
    ("timezone", "unknown"): "I don't know that time zone; write it as Europe/Berlin or America/New_York.",
    ("channel", "elsewhere"): "That is not a channel of this server that I can see.",
    ("channel", "closed"): (
        "I can't post there: give me View Channel and Send Messages in that channel (for a thread Send Messages in "
        "Threads), then try again."
    ),
    ("channel", "not_theirs"): "You may not post in that channel, so I won't post there for you; choose another one.",
    ("channel", "no_clips"): "Clips are asked for in channels and threads; choose one of those.",
    ("member", "elsewhere"): "That is no member of this server.",
    ("subject", "elsewhere"): "That is not a role or channel of this server that I can see.",
    ("grant", "used_up"): "Nothing is left of that; it may have been used or taken back meanwhile.",
    ("by", "unknown"): "That is not on offer; choose members or channels.",
    ("search", "too_long"): f"That is too long to look for; use at most {SEARCH_MAX_CHARACTERS} characters.",
    ("rule", "unknown"): "There is no such rule; it may have been removed meanwhile.",
    ("kind", "unknown"): "That kind of rule is not on offer; choose words or a pattern.",
    ("words", "none"): "There is no word in that to look for.",
    ("words", "too_long"): f"That is too long for a word or phrase; use at most {WORDS_MAX_CHARACTERS} characters.",
    ("words", "exists"): "This server has that rule already.",
    ("words", "too_many"): f"This server has {MOST_RULES[PromptRuleKind.WORDS]:,} words and phrases; remove one first.",
    ("words", "too_large"): (
        f"This server's words and phrases would be more than {WORDS_MAX_TOTAL_CHARACTERS:,} characters together; "
        "remove some first."
    ),
    ("pattern", "none"): "That pattern is empty.",
    ("pattern", "too_long"): f"That pattern is too long; use at most {PATTERN_MAX_CHARACTERS} characters.",
    ("pattern", "unreadable"): (
        "I can't read that pattern. Write it as a regular expression such as `cats?|dogs?`; what looks ahead or "
        "behind, or repeats an earlier part, is not known here."
    ),
    ("pattern", "too_complex"): "That pattern is too complex; repeat less in it, or make two of it.",
    ("pattern", "unclear_letters"): (
        "I can't read that for all alphabets: `\\b` has to stand at the start or the end, and `\\W` outside of "
        "brackets; or use a word."
    ),
    ("pattern", "matches_everything"): "That pattern would refuse nearly every prompt; make it say more.",
    ("pattern", "exists"): "This server has that rule already.",
    ("pattern", "too_many"): f"This server has {MOST_RULES[PromptRuleKind.PATTERN]} patterns; remove one first.",
    ("pattern", "too_large"): (
        "With that pattern this server's patterns would be too large together; repeat less in it, or remove one first."
    ),
    **brainstorm_refusals.INVALID_SETTINGS,
}


def explain(error: InvalidQuotaError | InvalidSettingError) -> str | None:
    """Say what is wrong with what was typed, and what it may have meant; None where there is no sentence for it."""
    if isinstance(error, InvalidQuotaError):
        sentence = _INVALID_QUOTA.get(error.reason)
    else:
        sentence = INVALID_SETTINGS.get((error.field, error.reason))
    if sentence is None or not error.typed.strip():
        return sentence
    meant = f" Did you mean {formatting.either(error.meant)}?" if error.meant else ""
    return f"{formatting.in_line(error.typed)}: {sentence}{meant}"


def together(sentences: Iterable[str]) -> str:
    """Name several mistakes at once."""
    listed = [f"- {sentence}" for sentence in sentences]
    number = formatting.count_word(len(listed)).capitalize()
    return "\n".join((f"{number} things can't be set like that:", *listed))
