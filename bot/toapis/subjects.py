"""What an error is about: one table of the words that gateways of the service's family, and those behind them, use.

Words are compared folded: ``InsufficientBalance``, ``insufficient-balance`` and ``insufficient.balance`` are
``insufficient_balance``. In the table, ``*`` stands for anything. Of the rows that fit a word, the first counts.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Subject(Enum):
    """What an error is about."""

    MONEY = auto()
    KEY = auto()
    ACCESS = auto()
    MODERATION = auto()
    REQUEST = auto()
    ENDPOINT = auto()
    MISSING = auto()
    RATE = auto()
    NOT_TAKEN = auto()
    FAULT = auto()
    NO_ANSWER = auto()


SPECIFIC: tuple[tuple[Subject, str], ...] = (
    (Subject.NOT_TAKEN, "rate_limit_unavailable"),
    (Subject.MISSING, "task_not_found task_not_exist not_found_error"),
    # What is wrong between the service and those behind it, their key included, is not ours to mend.
    (Subject.FAULT, "channel_* get_channel_failed do_request_failed *moderation*unavailable *moderation*timeout"),
    (
        Subject.MODERATION,
        """
        *content_policy* *policy_violation* *usage_policy* *usage_guideline* *moderation* *moderated* *sensitive*
        *inspection_failed *risk_detect* *risk_control* violation_fee* recitation prompt_blocked input_blocked
        output_blocked *content_blocked* blocklist *_flagged *content_filter* *content_violation* *content_security*
        *content_risk* *content_rejected* *safety* *unsafe* *nsfw* *csam* *copyright* *responsible_ai*
        *prohibited_content* *illegal_content* *inappropriate* *harmful* *forbidden_content*
        """,
    ),
    (Subject.RATE, "throttling* *rate_quota* *requests_per_* *concurrency*"),
    (
        Subject.MONEY,
        """
        *insufficient_*quota* *quota_insufficient* *quota_not_enough* *quota_exhausted* *quota_exceeded*
        *pre_consume*quota* *exceed*_quota* *out_of_quota* *insufficient_*balance* *balance_insufficient*
        *balance_not_enough* *balance_exhausted* *low_balance* *insufficient_*credit* *credit*insufficient*
        *credit*not_enough* *not_enough_credit* *credit*exhausted* *out_of_credit* *no_credit* *insufficient_fund*
        *not_enough_balance* *balance_too_low* *billing* *overdue* *arrear* *spend_limit* *spending_limit*
        *budget_exceeded*
        """,
    ),
    (
        Subject.ACCESS,
        """
        access_denied* *insufficient_permission* *insufficient_privilege* no_permission* *not_allowed_model*
        *model_not_found* *model_not_exist* *model_does_not_exist* *model_not_available* *model_not_open*
        *model_not_allowed* *model_not_supported* *model_not_support *model_disabled *model_forbidden *model*access*
        *no_access* *model_permission* *invalid_model* *unsupported_model* *unknown_model* *unsupported_country*
        *unsupported_region* ip_not_allowed* *not_in_whitelist* *endpoint_or_model*
        """,
    ),
    (
        Subject.KEY,
        """
        *invalid_api_key* *api_key_invalid* *incorrect_api_key* *missing_api_key* *no_api_key* *api_key_missing*
        *key_expired *key_disabled *key_revoked *key_not_found *invalid_key *key_invalid *expired_key *invalid_token
        *token_invalid *token_expired *expired_token *token_disabled *token_revoked *token_not_found
        *token_not_provided *missing_token *token_status_unavailable *invalid_access_token *invalid_credential*
        auth_unauthorized auth_token_* auth_user_* *account_deactivated *account_disabled
        """,
    ),
    (Subject.ENDPOINT, "invalid_apitype invalid_api_type"),
    (Subject.REQUEST, "*parameter* *invalid_prompt* *prompt_too_long* *invalid_duration* *invalid_value*"),
)
"""Words that leave no doubt."""

GENERAL: tuple[tuple[Subject, str], ...] = (
    (Subject.MONEY, "payment_required"),
    (Subject.KEY, "unauthorized* *unauthenticated *authentication* invalid_authorization*"),
    (Subject.ACCESS, "forbidden permission_denied permission_error *permission*"),
    (Subject.RATE, "*rate_limit* *too_many_requests* *request_limit* *limit_requests* *throttled* resource_exhausted"),
    (Subject.REQUEST, "invalid_request* bad_request* invalid_argument *validation_error"),
    (Subject.FAULT, "*internal_error *internal_*_error server_error *service_unavailable *overloaded*"),
)
"""Words that say hardly more than a status, and count where no other word says more."""

BY_STATUS = {
    401: Subject.KEY,
    402: Subject.MONEY,
    403: Subject.ACCESS,
    404: Subject.NO_ANSWER,
    405: Subject.NO_ANSWER,
    407: Subject.NO_ANSWER,
    408: Subject.NO_ANSWER,
    422: Subject.MODERATION,
    425: Subject.NO_ANSWER,
    429: Subject.RATE,
    444: Subject.NO_ANSWER,
    460: Subject.NO_ANSWER,
    499: Subject.NO_ANSWER,
}
"""What a status means where no word says anything; any other below 500 is the request's fault, the rest a fault."""

_MODERATION_TEXTS = re.compile(
    r"(violat|breach|infring|not comply|against).{0,80}(polic|guideline|terms of|standards)"
    r"|content (polic|guideline|filter|moderation|check|review|safety|violation)"
    r"|safety (polic|guideline|filter|system|check|reason|concern|setting|violation)"
    r"|(usage|community|acceptable use) (polic|guideline)"
    r"|(sensitive|inappropriate|prohibited|unsafe|harmful|illegal|forbidden|disallowed|explicit|sexual|violent)"
    r" (content|word|term|text|prompt|information|material|topic|image|subject)"
    r"|\bnsfw\b|\bmoderat(ion|ed)\b|\bflagged\b|responsible ai|copyright"
    r"|(blocked|rejected|refused|filtered|declined) (by|due to|for|because of) .{0,40}(safety|polic|content|filter)"
    r"|敏感|违规|違規|违禁|不当内容|内容安全|审核(未|不)通过|涉黄|涉政|色情|违反.{0,20}(政策|规定|法律|准则)"
)
_MODERATION_IS_DOWN = re.compile(
    r"(moderation|safety|filter).{0,60}(unavailable|timed out|timeout|overloaded|try again)"
)


def _compiled(rows: Iterable[tuple[Subject, str]]) -> tuple[tuple[Subject, re.Pattern[str]], ...]:
    return tuple((subject, re.compile("|".join(map(translate, globs.split())))) for subject, globs in rows)


_VAGUE = frozenset({Subject.REQUEST, Subject.FAULT})
_NOT_FOUND = frozenset({404, 405})
_SPECIFIC, _GENERAL = _compiled(SPECIFIC), _compiled(GENERAL)
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[\s\-.:/_]+")


def fold(word: str) -> str:
    """Return a code or a state as lower-case words with ``_`` between them."""
    return _SEPARATORS.sub("_", _WORD_STARTS.sub("_", word.strip())).strip("_").casefold()


def find_subject(words: Iterable[str], http_status: int, message: str) -> Subject:
    """Say what an error answer is about.

    Args:
        words: its code, type and the like, the most reliable first.
        http_status: the answer's; under 200, a code that is an error's HTTP status stands for it.
        message: its text, without what it quotes; it decides moderation alone, and nothing about the account.
    """
    folded = [fold(word) for word in words]
    status = _status_of(folded, http_status)
    by_status = BY_STATUS.get(status, Subject.REQUEST if 400 <= status < 500 else Subject.FAULT)
    specific = _first(_SPECIFIC, folded) or _by_exact_message(message, status)
    general = _first(_GENERAL, folded)
    if status in _NOT_FOUND or (general in _VAGUE and (status in BY_STATUS or status >= 500)):
        general = None
    subject = specific or general or by_status
    is_open = subject in _VAGUE or (subject is Subject.ACCESS and not (specific or general))
    return Subject.MODERATION if is_open and _speaks_of_moderation(message) else subject


def is_moderation(words: Iterable[str], message: str) -> bool:
    """Tell whether a generation failed because of what it shows or was asked to show."""
    return find_subject(words, 400, message) is Subject.MODERATION


def _first(rows: tuple[tuple[Subject, re.Pattern[str]], ...], words: list[str]) -> Subject | None:
    return next((subject for word in words for subject, globs in rows if globs.match(word)), None)


def _status_of(folded: list[str], http_status: int) -> int:
    if 200 <= http_status < 300:
        stated = (int(word) for word in folded if re.fullmatch(r"[45][0-9]{2}", word))
        return next(stated, http_status)
    return http_status


def _by_exact_message(message: str, http_status: int) -> Subject | None:
    if fold(message) == "task_not_exist":
        return Subject.MISSING
    if http_status == 400 and message.strip().casefold().startswith("invalid apitype"):
        return Subject.ENDPOINT
    return None


def _speaks_of_moderation(message: str) -> bool:
    text = message.replace("_", " ").casefold()
    return bool(_MODERATION_TEXTS.search(text)) and not _MODERATION_IS_DOWN.search(text)
