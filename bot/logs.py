"""Log lines: one per event, with fields, as text for people or as JSON for machines; secrets masked in both."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[masked]"
_INTERACTION_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/?\s\"']+")
"""Whoever has it can answer in the bot's name for 15 minutes; discord.py logs addresses with it in."""
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(*, level: str, log_format: Literal["text", "json"], secrets: Iterable[str]) -> None:
    """Send everything to standard error, in the chosen format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets) if log_format == "json" else TextFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "discord", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


class TextFormatter(logging.Formatter):
    """``2026-01-31T12:00:00Z INFO bot.services.worker: job delivered  job_id=… generation_id=…``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(filter(None, secrets))

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, followed by the traceback where there is one."""
        fields = " ".join(f"{name}={_one_line(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {_one_line(record.getMessage())}"
        return _mask("\n".join(filter(None, [f"{line}  {fields}".rstrip(), _traceback(self, record)])), self._secrets)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(filter(None, secrets))

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        values: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        traceback = _traceback(self, record)
        if traceback:
            values["traceback"] = traceback
        return _mask(json.dumps(values, default=str, ensure_ascii=False), self._secrets)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS and value is not None}


def _one_line(value: object) -> str:
    """Keep what came from outside from starting a log line of its own."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(value))


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""


def _mask(line: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        line = line.replace(secret, MASK)
    return _INTERACTION_TOKEN.sub(rf"\g<1>{MASK}", line)
