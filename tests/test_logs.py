from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Literal

import pytest

from bot.logs import JsonFormatter, TextFormatter, set_up_logging

if TYPE_CHECKING:
    from collections.abc import Generator

SECRET = "very-secret"


def record(message: str, *arguments: object, error: Exception | None = None, **fields: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "bot.test", "levelname": "INFO", "msg": message, "args": arguments, **fields})
    if error is not None:
        try:
            raise error
        except Exception:  # noqa: BLE001 (to have a traceback)
            made.exc_info = sys.exc_info()
    return made


def test_json_has_one_object_a_line_with_the_fields_and_the_traceback() -> None:
    line = JsonFormatter([]).format(
        record("job %s", "ready", error=ValueError("odd"), job_id="j1", generation_id="g1", request_id=None)
    )

    assert "\n" not in line
    values = json.loads(line)
    assert (values["message"], values["job_id"], values["generation_id"]) == ("job ready", "j1", "g1")
    assert "request_id" not in values
    assert "ValueError: odd" in values["traceback"]


def test_text_puts_the_fields_behind_the_message() -> None:
    line = TextFormatter([]).format(record("job ready", job_id="j1"))

    assert line.endswith("INFO bot.test: job ready  job_id=j1")


@pytest.mark.parametrize("formatter", [JsonFormatter([SECRET]), TextFormatter([SECRET])])
def test_secrets_are_masked_wherever_they_stand(formatter: logging.Formatter) -> None:
    line = formatter.format(record(f"with {SECRET}", error=ValueError(f"because of {SECRET}"), url=f"x?key={SECRET}"))

    assert SECRET not in line
    assert line.count("[masked]") >= 3


def test_what_came_from_outside_cannot_start_a_line_of_its_own() -> None:
    line = TextFormatter([]).format(record("said: %s", "a\n2026 INFO bot: all is well", detail="b\r\nc"))

    assert "\n" not in line
    assert "\r" not in line


@pytest.mark.parametrize("formatter", [JsonFormatter([""]), TextFormatter([""])])
def test_an_empty_secret_leaves_lines_as_they_are(formatter: logging.Formatter) -> None:
    assert "[masked]" not in formatter.format(record("job ready"))


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
@pytest.mark.parametrize(
    "path", ["/webhooks/12/aW50ZXI.x-_/messages/@original", "/interactions/12/aW50ZXI.x-_/callback"]
)
def test_tokens_of_interactions_are_masked(formatter: logging.Formatter, path: str) -> None:
    line = formatter.format(record("POST %s", f"https://discord.com/api/v10{path}", url=f"{path}?wait=true"))

    assert "aW50ZXI" not in line
    assert line.count("/12/[masked]/") == 2


@pytest.fixture
def untouched() -> Generator[None]:
    """Put the process's logging back as it was."""
    loggers = [logging.root, *map(logging.getLogger, ("alembic", "discord", "asyncio"))]
    levels, handlers = [logger.level for logger in loggers], logging.root.handlers[:]
    logging.root.handlers = []  # or they would be closed
    yield
    logging.root.handlers = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_everything_goes_to_standard_error_masked_and_libraries_only_when_they_warn(
    capsys: pytest.CaptureFixture[str], log_format: Literal["json", "text"]
) -> None:
    set_up_logging(level="DEBUG", log_format=log_format, secrets=[SECRET])

    logging.getLogger("bot.test").debug("with %s", SECRET)
    logging.getLogger("discord.http").info("a request")
    logging.getLogger("discord.http").warning("a rate limit")

    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert "with [masked]" in first
    assert first.startswith("{") is (log_format == "json")
    assert "a rate limit" in second


@pytest.mark.usefixtures("untouched")
def test_libraries_say_no_more_than_the_bot(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="ERROR", log_format="text", secrets=[])

    for name in ("bot.test", "discord.http", "alembic"):
        logging.getLogger(name).warning("said by %s", name)
        logging.getLogger(name).error("cried by %s", name)

    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == [
        *("cried by bot.test", "cried by discord.http", "cried by alembic"),
    ]
