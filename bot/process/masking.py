"""Masking what must never be shown, however it is written: as it is, or escaped by whatever it went through.

A line is read as it is, and again as what each escaping that is found in it makes of it, and so on; what is found in
any of these readings is masked in the line.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MASK = "[masked]"
_ROUNDS = 6
"""How often something may have been escaped: five times, and once more by the line's own format."""
_READINGS = 40
"""All that three rounds of three kinds of escaping make; more are of an odd line only."""
_LONG_LINE, _READINGS_OF_LONG = 20_000, 8
_SHORTEST_ENCODED = 6
"""In bytes: what is shorter is found by chance in anything that is encoded."""

_INTERACTION_TOKEN = re.compile(r"/(?:webhooks|interactions)/\d+/([^/?\s\"'\\]+)")
"""Whoever has it can answer in the bot's name for 15 minutes; discord.py logs addresses with it in."""
_TOKEN_FIELD = re.compile(r"[\"']token[\"']\s?:\s?[\"']([^\"'\\]+)")
_PASSWORD_IN_ADDRESS = re.compile(r"://[^:/@\s\"']*:([^@/\s\"']+)(?=@)")

_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_BACKSLASH = re.compile(
    r"(?P<bytes>(?:\\x[0-9a-fA-F]{2})+)|(?P<octal>(?:\\[0-3][0-7]{2})+)|(?P<units>(?:\\u[0-9a-fA-F]{4})+)"
    r"|\\U(?P<code>00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|\\u\{(?P<braced>[0-9a-fA-F]{1,5})\}|\\N\{(?P<name>[^{}]{1,80})\}"
    r"|\\(?P<one>[\\\"'/nrtbfav0])"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0"}


class _Reading(NamedTuple):
    """What a line says, and where in the line each character of that begins; one place more is its end."""

    text: str
    places: Sequence[int]
    rounds: int


class Masking:
    """Masks secrets, the tokens of interactions, and passwords in addresses.

    They are found percent-encoded, escaped for JSON, for Python or for HTML, also several times over and mixed. In
    Base64 a secret is found wherever it lies.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        forms = [*map(_plain, known), *(form for secret in known for form in _encoded(secret))]
        self._patterns = [_INTERACTION_TOKEN, _TOKEN_FIELD, _PASSWORD_IN_ADDRESS]
        if forms:
            self._patterns.append(re.compile(f"({'|'.join(forms)})"))

    def apply(self, line: str) -> str:
        """Return the line without secrets."""
        found = [
            (reading.places[match.start(1)], reading.places[match.end(1)])
            for reading in _readings(line)
            for pattern in self._patterns
            for match in pattern.finditer(reading.text)
        ]
        parts: list[str] = []
        shown_to = 0
        for start, end in sorted(found):
            if start >= shown_to:
                parts += [line[shown_to:start], MASK]
            shown_to = max(shown_to, end)
        return "".join([*parts, line[shown_to:]])


def _readings(line: str) -> Iterator[_Reading]:
    """Read a line in all ways, the least escaped first."""
    waiting = deque([_Reading(line, range(len(line) + 1), 0)])
    seen = {line}
    most = _READINGS if len(line) < _LONG_LINE else _READINGS_OF_LONG
    while waiting:
        reading = waiting.popleft()
        yield reading
        if reading.rounds == _ROUNDS:
            continue
        for sign, pattern, read in _ESCAPINGS:
            if sign in reading.text and len(seen) < most:
                unescaped = _unescape(reading, pattern, read)
                if unescaped.text not in seen:
                    seen.add(unescaped.text)
                    waiting.append(unescaped)


def _unescape(
    reading: _Reading, pattern: re.Pattern[str], read: Callable[[re.Match[str]], list[tuple[str, int]]]
) -> _Reading:
    parts: list[str] = []
    places: list[int] = []
    end = 0
    for match in pattern.finditer(reading.text):
        begin = match.start()
        parts.append(reading.text[end:begin])
        places += reading.places[end:begin]
        for character, offset in read(match):
            parts.append(character)
            places += [reading.places[begin + offset]] * len(character)
        end = match.end()
    parts.append(reading.text[end:])
    places += reading.places[end:]
    return _Reading("".join(parts), places, reading.rounds + 1)


def _percent(match: re.Match[str]) -> list[tuple[str, int]]:
    return _of_bytes(bytes.fromhex(match[0].replace("%", "")), width=3)


def _backslash(match: re.Match[str]) -> list[tuple[str, int]]:
    written = match[0]
    match match.lastgroup:
        case "one":
            return [(_CONTROLS.get(written[1], written[1]), 0)]
        case "bytes":
            return _of_bytes(bytes.fromhex(written.replace("\\x", "")), width=4)
        case "octal":
            return _of_bytes(bytes(int(each, 8) for each in written.split("\\")[1:]), width=4)
        case "units":
            text = bytes.fromhex(written.replace("\\u", "")).decode("utf-16-be", errors="surrogatepass")
            return _placed(text, lambda character: 6 if ord(character) < 0x10000 else 12)
        case "name":
            try:
                return [(unicodedata.lookup(match["name"]), 0)]
            except KeyError:
                return [(written, 0)]
        case _:
            return [(chr(int(match["code"] or match["braced"], 16)), 0)]


def _entity(match: re.Match[str]) -> list[tuple[str, int]]:
    return [(html.unescape(match[0]), 0)]


_ESCAPINGS = (("\\", _BACKSLASH, _backslash), ("%", _PERCENT, _percent), ("&", _ENTITY, _entity))


def _of_bytes(raw: bytes, *, width: int) -> list[tuple[str, int]]:
    """Read bytes as UTF-8, and those that are not as the characters of their numbers; each is so wide as written."""
    found = _placed(raw.decode(errors="surrogateescape"), lambda it: width * len(it.encode(errors="surrogateescape")))
    return [(chr(ord(it) - 0xDC00) if "\udc80" <= it <= "\udcff" else it, place) for it, place in found]


def _placed(text: str, width: Callable[[str], int]) -> list[tuple[str, int]]:
    placed: list[tuple[str, int]] = []
    offset = 0
    for character in text:
        placed.append((character, offset))
        offset += width(character)
    return placed


def _plain(secret: str) -> str:
    return re.escape(secret).replace(r"\ ", "[ +]")


def _encoded(secret: str) -> Iterator[str]:
    """Write patterns for what Base64 makes of a secret, at each of the three places where it can begin."""
    for written in {secret, json.dumps(secret)[1:-1]}:
        raw = written.encode(errors="surrogatepass")
        if len(raw) < _SHORTEST_ENCODED:
            continue
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
            first, last = (0, 2, 3)[offset], len(encoded) - (1 if (offset + len(raw)) % 3 else 0)
            core = re.escape(encoded[first:last])
            yield core.replace(r"\+", r"[+\-]").replace("/", "[/_]")
