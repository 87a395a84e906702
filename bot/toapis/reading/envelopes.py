"""The generation in an answer, in whatever it is wrapped, and whether it is one at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.models import GenerationStatus
from bot.toapis.addresses import ends_as_video, find_address
from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.reading.error_shapes import error_fields, is_success, is_yes, names_error
from bot.toapis.reading.kinds import Subject, fold, listed
from bot.toapis.reading.states import STATE_KEYS, is_bare, state_of, status_of_state
from bot.toapis.reading.subjects import specific_subject
from bot.toapis.reading.values import JsonObject, read_list, read_object, read_text

if TYPE_CHECKING:
    from bot.toapis.reading.error_shapes import StatedError

GENERATION_ID_MAX_CHARACTERS = 128
"""What the database keeps; ids are some 30 characters where they were seen."""
ID_KEYS = ("task_id", "id")
WRAPPERS = ("data", "output", "task", "result", "response", "generation")
"""The keys, folded, of what holds the generation itself; the most usual first."""
TASK_MARKS = frozenset(listed("task_id progress result result_url video_url fail_reason submit_time finish_time"))
"""The keys, folded, of which an envelope has none and a generation some."""
OBJECT_MARKS = TASK_MARKS | {"object", "model", "created_at"}
"""The keys, folded, of which a generation has some; so may an envelope that wraps one."""
WRAPPINGS_MAX = 2
_OF_THE_ENVELOPE = frozenset({"code", "message", "msg", "success", "type", "object", "data", *ID_KEYS, *STATE_KEYS})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGeneration:
    """What an answer says of a generation.

    Attributes:
        id: the service's; for a poll's answer that names none, what was asked for.
        state: in the service's own spelling; None when there is none.
        status: what that means.
        fields: all else, with folded keys.
    """

    id: str
    state: object
    status: GenerationStatus
    fields: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """The layer of an answer that may be a generation.

    Attributes:
        own_id: the one in the layer itself, if any.
        ids: its own and those around it.
        asked: by which id it was asked for; empty when by none.
        is_wrapped: whether anything is around it.
    """

    fields: JsonObject
    own_id: str | None
    ids: tuple[str, ...]
    asked: str
    is_wrapped: bool

    @property
    def state(self) -> object:
        return state_of(self.fields)

    @property
    def status(self) -> GenerationStatus:
        return status_of_state(self.state)

    @property
    def is_known(self) -> bool:
        return self.status is not GenerationStatus.UNKNOWN

    @property
    def is_marked(self) -> bool:
        return bool(OBJECT_MARKS & self.fields.keys())

    @property
    def is_sure(self) -> bool:
        """Tell whether it is no envelope of an exchange: it looks as a generation does, or is the one asked for."""
        return self.is_marked or (bool(self.asked) and self.asked in (*self.ids, self.fields.get("client_business_id")))

    @property
    def is_the_exchanges(self) -> bool:
        """Tell whether it has a state that may be that of the exchange, and no more."""
        return is_bare(self.state) and not self.is_wrapped and not self.is_sure


def find_generation(answer: Answer, *, request: RequestKind, asked: str = "") -> FoundGeneration | None:
    """Return the generation that an answer describes, or None.

    An id with a known state is a generation under any HTTP status and beside any error; anything less is one only
    under 2xx and beside none.

    Args:
        answer: what came.
        request: what was asked for.
        asked: by which id; empty when by none.
    """
    body = answer.json
    if not answer.is_answer or not body:
        return None
    candidate = _candidate(body, asked)
    if not (candidate.ids or (asked and answer.is_yes)) or not _is_generation(candidate, answer, request):
        return None
    generation_id = candidate.own_id or asked or candidate.ids[0]
    return FoundGeneration(id=generation_id, state=candidate.state, status=candidate.status, fields=candidate.fields)


def _is_generation(candidate: _Candidate, answer: Answer, request: RequestKind) -> bool:
    if not candidate.is_known and (answer.error is not None or not answer.is_yes):
        return False
    return _is_accepted(candidate, answer) if request is RequestKind.SUBMIT else _is_polled(candidate, answer)


def _is_accepted(candidate: _Candidate, answer: Answer) -> bool:
    """Tell whether the answer to a submit is a generation; what has failed beside an error was refused."""
    if candidate.is_marked:
        return True
    if not candidate.is_known:
        return _says_yes(answer.json)
    is_refused = candidate.status is GenerationStatus.FAILED and answer.error is not None
    return not (is_refused or candidate.is_the_exchanges)


def _is_polled(candidate: _Candidate, answer: Answer) -> bool:
    """Tell whether the answer to a poll is a generation; one without an id has more than a bare state."""
    error = answer.error
    if not candidate.is_known:
        return bool(candidate.ids) or _has_video(candidate.fields)
    if candidate.is_sure:
        return True
    if answer.is_yes and candidate.ids:
        return not (candidate.is_the_exchanges and error is not None)
    is_more_than_a_state = candidate.ids or candidate.is_wrapped or "error" in candidate.fields
    if not (is_more_than_a_state or find_address(candidate.fields)) or candidate.is_the_exchanges:
        return False
    return error is None or not _is_about_the_exchange(error)


def _candidate(body: JsonObject, asked: str) -> _Candidate:
    """Choose the layer that describes the generation: the outermost with a known state that is no mere envelope."""
    layers = _layers(body)
    known = [layer for layer in layers if status_of_state(state_of(layer)) is not GenerationStatus.UNKNOWN]
    telling = [layer for layer in known if TASK_MARKS & layer.keys() or not is_bare(state_of(layer))]
    with_id = [layer for layer in layers if _ids_of(layer)]
    with_both = [layer for layer in with_id if state_of(layer) is not None]
    chosen = next(iter((*telling[:1], *known[-1:], *with_both[-1:], *with_id)), layers[-1])
    around = layers[: next(place for place, layer in enumerate(layers) if layer is chosen)]
    own_ids = _ids_of(chosen)
    return _Candidate(
        fields=_with_what_is_around(chosen, around),
        own_id=asked if asked in own_ids else next(iter(own_ids), None),
        ids=(*own_ids, *(it for layer in around for it in _ids_of(layer))),
        asked=asked,
        is_wrapped=bool(around),
    )


def _layers(body: JsonObject) -> list[JsonObject]:
    """Return a body and what is wrapped in it, outermost first, with folded keys."""
    layers = [{fold(key): value for key, value in body.items()}]
    while len(layers) <= WRAPPINGS_MAX:
        inner = _wrapped(layers[-1])
        if not inner:
            break
        layers.append({fold(key): value for key, value in inner.items()})
    return layers


def _wrapped(fields: JsonObject) -> JsonObject:
    for name in WRAPPERS:
        items = read_list(fields.get(name))
        inner = read_object(items[0] if len(items) == 1 else fields.get(name))
        folded = {fold(key) for key in inner}
        if inner and (name == "data" or folded & set(STATE_KEYS)):
            return inner
    return {}


def _with_what_is_around(chosen: JsonObject, around: list[JsonObject]) -> JsonObject:
    """Lay a layer over those around it, which may hold its error or its address."""
    fields: JsonObject = {}
    for layer in around:
        fields |= {key: value for key, value in layer.items() if key not in _OF_THE_ENVELOPE}
    if not names_error(error_fields(fields.get("error"))):
        fields.pop("error", None)
    return fields | {key: value for key, value in chosen.items() if value is not None or key not in fields}


def _ids_of(fields: JsonObject) -> list[str]:
    ids = (read_text(fields.get(name)) for name in ID_KEYS)
    return [it for it in ids if it and len(it) <= GENERATION_ID_MAX_CHARACTERS]


def _is_about_the_exchange(error: StatedError) -> bool:
    subjects = {specific_subject(word) for word in (*error.words, error.message)}
    return bool(subjects - {None, Subject.MODERATION, Subject.FAULT})


def _says_yes(body: JsonObject) -> bool:
    return is_yes(body.get("success")) or (body.get("code") is not None and is_success(read_text(body["code"])))


def _has_video(fields: JsonObject) -> bool:
    address = find_address(fields)
    return address is not None and ends_as_video(address) is True
