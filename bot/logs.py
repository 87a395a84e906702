"""Log lines: one per event, with fields, as text for people or as JSON for machines; secrets masked in both."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from bot.process.masking import Masking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_log = logging.getLogger(__name__)

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(*, level: str, log_format: Literal["text", "json"], secrets: Iterable[str]) -> None:
    """Send everything to standard error, in the chosen format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets) if log_format == "json" else TextFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "discord", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def log_what_nobody_catches() -> None:
    """Have also that logged, masked and on one line, which Python would write to standard error itself."""
    logging.captureWarnings(capture=True)

    def log(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
        _log.critical("nobody caught it", exc_info=(kind, error or kind(), traceback))

    sys.excepthook = log
    sys.unraisablehook = lambda what: log(what.exc_type, what.exc_value, what.exc_traceback)
    threading.excepthook = lambda what: log(what.exc_type, what.exc_value, what.exc_traceback)


class TextFormatter(logging.Formatter):
    """``2026-01-31T12:00:00Z INFO bot.services.worker: job delivered  job_id=… generation_id=…``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._masking = Masking(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; a traceback, where there is one, is its last field."""
        fields = _fields(record) | _traceback(self, record)
        written = " ".join(f"{_text(name)}={_text(value)}" for name, value in fields.items())
        line = f"{_time(record)} {_text(record.levelname)} {_text(record.name)}: {_message(record)}  {written}"
        return self._masking.apply(_one_line(line.rstrip()))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII: whoever reads it splits at no other end of a line than ours."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._masking = Masking(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        its: dict[str, Any] = {
            "time": _time(record),
            "level": _text(record.levelname),
            "logger": _text(record.name),
            "message": _message(record),
        }
        said = {_text(name): _plain(value) for name, value in _fields(record).items()} | _traceback(self, record)
        values = its | said | its  # in this order, and a field of the same name replaces none of them
        return self._masking.apply(json.dumps(values))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 (a line that is logged wrongly is still logged)
        return f"{_text(record.msg)} {_text(record.args)} ({type(error).__name__} in logging it)"


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS and value is not None}


def _plain(value: object) -> object:
    """Keep what JSON has a form for; all else is a text."""
    try:
        return json.loads(json.dumps(value, default=_text, allow_nan=False))
    except Exception:  # noqa: BLE001 (of whatever it is)
        return _text(value)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 (of whatever it is)
        return f"<{type(value).__name__}: {type(error).__name__} in showing it>"


def _one_line(text: str) -> str:
    """Keep what came from outside from starting a line of its own, and the terminal from obeying it."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, str]:
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    try:
        return {"traceback": formatter.formatException(record.exc_info)}
    except Exception as error:  # noqa: BLE001 (an error may be odd enough to have none)
        return {"traceback": f"{record.exc_info[0].__name__} ({type(error).__name__} in showing it)"}
