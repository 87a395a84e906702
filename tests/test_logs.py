from __future__ import annotations

import base64
import html
import json
import logging
import math
import sys
import threading
import time
from functools import partial
from timeit import timeit
from typing import TYPE_CHECKING, Literal, NoReturn
from urllib.parse import quote, quote_plus

import pytest

from bot.logs import JsonFormatter, TextFormatter, log_what_nobody_catches, set_up_logging
from bot.process.masking import Masking

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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


# One line ----------------------------------------------------------------------------------------

HOSTILE = "a\n2026 INFO bot: all is well\r\n\x1b[2J\x85\u2028\u2029\x0b\x0c\x1c\x00\u202e\udc80\U0001f600"


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
def test_a_line_is_one_line_that_can_be_written_whatever_is_in_it(formatter: logging.Formatter) -> None:
    line = formatter.format(
        record("said: %s", HOSTILE, error=ValueError(HOSTILE), **{f"odd\n{HOSTILE}": [HOSTILE, {HOSTILE: object()}]})
    )

    assert len(line.splitlines()) == 1
    assert line.encode(errors="strict")
    assert not {*"\x1b\x00\u202e\x85\u2028\udc80"} & {*line}


def test_json_gives_back_what_was_said_lone_surrogates_included() -> None:
    values = json.loads(JsonFormatter([]).format(record("said: %s", HOSTILE, nested={"detail": [HOSTILE]})))

    assert values["message"] == f"said: {HOSTILE}"
    assert values["nested"] == {"detail": [HOSTILE]}


class Unshowable:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
def test_what_cannot_be_shown_stops_no_line(formatter: logging.Formatter) -> None:
    circle: list[object] = []
    circle.append(circle)
    line = formatter.format(
        record("%d of %d", "one", odd=Unshowable(), circle=circle, number=math.nan, keys={(1, 2): 3})
    )

    assert "%d of %d" in line
    assert "ValueError in showing it" in line
    assert "nan" in line
    assert "NaN" not in line


class OddError(Exception):
    @property
    def __notes__(self) -> list[str]:
        raise RuntimeError("no")


class OddMapping(dict[str, int]):
    def items(self) -> NoReturn:
        raise RuntimeError("no")


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        (record("said", number=10**5000), "ValueError in showing it"),
        (record("said", numbers=OddMapping(one=1)), "said"),
        (record("said", error=OddError()), "OddError (RuntimeError in showing it)"),
        (record("said", **{"levelname": "A\nB", "name": 5}), "5"),
        (logging.makeLogRecord({"msg": "said", 7: "a\nb"}), "7"),
    ],
    ids=["a number", "a mapping", "an error", "a level", "a field's name"],
)
def test_nothing_is_too_odd_for_a_line(formatter: logging.Formatter, odd: logging.LogRecord, shown: str) -> None:
    line = formatter.format(odd)

    assert len(line.splitlines()) == 1
    assert shown in line
    assert "said" in line


def test_field_takes_nothings_place() -> None:
    values = json.loads(JsonFormatter([]).format(record("said", time="never", level="none", logger="nobody")))

    assert (values["level"], values["logger"]) == ("INFO", "bot.test")
    assert values["time"] != "never"


# Secrets -----------------------------------------------------------------------------------------

PASSWORD = "s3cr t/\"é+\\='<&%ñ\U0001f511"


def twice(escape: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: escape(escape(text))


def in_base64(before: str, encode: Callable[[bytes], bytes]) -> Callable[[str], str]:
    return lambda text: encode(f"{before}{text}@host".encode()).decode()


ESCAPES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, small": lambda text: quote(text, safe="").replace("%C3", "%c3"),
    "percent, slashes kept": quote,
    "percent, plus": quote_plus,
    "percent, twice": twice(quote),
    "json": lambda text: json.dumps(text)[1:-1],
    "json, twice": twice(json.dumps),
    "json, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "repr": lambda text: repr(text)[1:-1],
    "repr, twice": twice(repr),
    "ascii": lambda text: ascii(text)[1:-1],
    "bytes": lambda text: repr(text.encode())[2:-1],
    "html": html.escape,
    "json, four times": twice(twice(json.dumps)),
    "json, then percent": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "json, then html": lambda text: html.escape(json.dumps(text)[1:-1]),
    "html, then percent": lambda text: quote(html.escape(text), safe=""),
    "html, twice": twice(html.escape),
    "octal": lambda text: "".join(
        chr(byte) if 34 < byte < 127 and byte != 92 else f"\\{byte:03o}" for byte in text.encode()
    ),
    "what ASCII lacks": lambda text: text.encode("ascii", "backslashreplace").decode(),
    "what ASCII lacks, by name": lambda text: text.encode("ascii", "namereplace").decode(),
    "html, numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "some of it": lambda text: text[:3] + quote(text[3:9], safe="") + text[9:],
    "base64": in_base64("", base64.b64encode),
    "base64, one before": in_base64("a", base64.b64encode),
    "base64, two before": in_base64("a:", base64.urlsafe_b64encode),
}


@pytest.mark.parametrize("make", [JsonFormatter, TextFormatter])
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_secrets_are_masked_however_they_are_escaped(
    escape: Callable[[str], str], make: Callable[[list[str]], logging.Formatter]
) -> None:
    said = escape(PASSWORD)
    line = make([PASSWORD]).format(record("got %s", said, error=ValueError(said), url=f"https://x/{said}", body=[said]))

    assert line.count("[masked]") >= 4
    for written in (said, json.dumps(said)[1:-1], PASSWORD, "s3cr"):
        assert written not in line


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
@pytest.mark.parametrize(
    "escape",
    [
        *(quote, twice(quote), lambda text: quote(text, safe=""), json.dumps, twice(twice(json.dumps)), repr),
        *(html.escape, twice(html.escape), lambda text: quote(json.dumps(text))),
    ],
)
def test_tokens_of_interactions_are_masked_however_they_are_escaped(
    formatter: logging.Formatter, escape: Callable[[str], str]
) -> None:
    said = escape('https://discord.com/api/v10/webhooks/12/aW50ZXI.x-_/messages {"token": "aW50ZXI"} x://me:aW50ZXI@y')
    line = formatter.format(record("POST %s", said, error=ValueError(said)))

    assert "aW50ZXI" not in line
    assert "[masked]" in line


@pytest.mark.parametrize("formatter", [JsonFormatter([]), TextFormatter([])])
def test_passwords_in_addresses_and_token_fields_are_masked_even_when_nobody_named_them(
    formatter: logging.Formatter,
) -> None:
    line = formatter.format(record("to %s", "postgresql://me:hunter2@host/db", payload={"token": "aW50ZXI", "id": 1}))

    assert "hunter2" not in line
    assert "aW50ZXI" not in line


def test_masking_takes_no_longer_for_a_line_of_nothing_but_escapes() -> None:
    masking = Masking([PASSWORD, "a-token-of-seventy-characters-" * 2])
    took = [
        timeit(partial(masking.apply, filling * (50_000 // len(filling))), number=1, timer=time.process_time)
        for filling in ("\\", "%25", "s3cr%", "://", "/webhooks/1/", "\\%25&amp;")
    ]

    assert max(took) < 1


@pytest.fixture
def hooks_put_back(untouched: None) -> Generator[None]:
    kept = sys.excepthook, sys.unraisablehook, threading.excepthook
    yield
    sys.excepthook, sys.unraisablehook, threading.excepthook = kept
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("hooks_put_back")
def test_what_nobody_catches_is_a_masked_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text", secrets=[SECRET])
    log_what_nobody_catches()

    thread = threading.Thread(target=lambda: int(f"{SECRET}\n"))
    thread.start()
    thread.join()
    error = ValueError(SECRET)
    sys.excepthook(type(error), error, None)

    lines = capsys.readouterr().err.splitlines()
    assert ["nobody caught it" in line and "[masked]" in line for line in lines] == [True, True]
