"""The state of a generation, in every spelling that the family of gateways has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import GenerationStatus
from bot.toapis.reading.kinds import fold, listed

if TYPE_CHECKING:
    from bot.toapis.reading.values import JsonObject

STATE_KEYS = ("status", "task_status", "state", "job_status", "generation_status")
"""The keys of a state, folded, the most usual first."""

STATES = {
    GenerationStatus.QUEUED: (
        "queued queueing in_queue inqueue submitted submitting pending not_start not_started notstart notstarted "
        "created waiting accepted received scheduled new 排队中"
    ),
    GenerationStatus.IN_PROGRESS: (
        "in_progress inprogress processing running generating rendering started preparing starting working active "
        "progressing throttled uploading downloading finalizing retrying 处理中 生成中"
    ),
    GenerationStatus.COMPLETED: (
        "completed complete succeeded succeed success successful done finished finish fulfilled ready 成功 已完成"
    ),
    GenerationStatus.FAILED: (
        "failed failure fail error errored cancelled canceled expired rejected timeout timed_out time_out aborted "
        "terminated interrupted killed unsuccessful moderated blocked nsfw nsfw_detected deadline_exceeded 失败"
    ),
}
"""What a state, or the end of one (``JOB_STATE_SUCCEEDED``), means."""
NEGATIONS = frozenset(
    listed("not no non un in partial partially almost nearly half to be without never before until if")
)
"""Before a state's last word they make it another one, which nobody knows (``partially_completed``)."""
OTHERS_STATES = frozenset(listed("callback notify notification webhook"))
"""Before a state's last word they make it that of something else (``callback_failed``)."""
BARE_WORDS = frozenset({"ok", "success", "error", "fail"})
"""States that an envelope may have as well, for the exchange."""

_STATUSES = {word: status for status, words in STATES.items() for word in listed(words)}
_LAST_WORDS_MAX = 2


def status_of_state(state: object) -> GenerationStatus:
    """Return what a state means: by all its words, else by its last ones; whatever is not known is ``UNKNOWN``."""
    if not isinstance(state, str):
        return GenerationStatus.UNKNOWN
    folded = fold(state)
    if folded in _STATUSES:
        return _STATUSES[folded]
    words = folded.split("_")
    for count in range(min(_LAST_WORDS_MAX, len(words) - 1), 0, -1):
        status = _STATUSES.get("_".join(words[-count:]))
        if status is not None:
            is_other = words[-count - 1] in NEGATIONS | OTHERS_STATES
            return GenerationStatus.UNKNOWN if is_other else status
    return GenerationStatus.UNKNOWN


def state_of(fields: JsonObject) -> object:
    """Return the state among fields with folded keys: a known one first, a bare "success" last; None without any."""
    states = [fields[key] for key in STATE_KEYS if fields.get(key) is not None]
    known = [state for state in states if status_of_state(state) is not GenerationStatus.UNKNOWN]
    telling = [state for state in known if not is_bare(state)]
    return next(iter(telling or known or states), None)


def is_bare(state: object) -> bool:
    """Tell whether a state may be that of an exchange."""
    return isinstance(state, str) and fold(state) in BARE_WORDS
