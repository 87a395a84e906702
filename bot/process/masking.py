"""Masking what must never be shown, however it is written: as it is, or escaped by whatever it went through."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "[masked]"
_BACKSLASHES = r"\\{0,8}"
"""As many as three rounds of escaping make; a bound keeps a line of nothing else from taking long."""
_PERCENT = r"%(?:25){0,4}"
_SLASH = rf"(?:{_BACKSLASHES}/|{_PERCENT}(?i:2f))"
_INTERACTION_TOKEN = re.compile(rf"({_SLASH}(?:webhooks|interactions){_SLASH}\d+{_SLASH})(?:(?!{_SLASH})[^?\s\"'\\])+")
"""Whoever has it can answer in the bot's name for 15 minutes; discord.py logs addresses with it in."""
_TOKEN_FIELD = re.compile(rf"([\"']token{_BACKSLASHES}[\"']\s?:\s?{_BACKSLASHES}[\"'])[^\"'\\]+")
_PASSWORD_IN_ADDRESS = re.compile(r"(://[^:/@\s\"']*:)[^@/\s\"']+(?=@)")
_SHORTEST_ENCODED = 6
"""In bytes: what is shorter is found by chance in anything that is encoded."""


class Masking:
    """Masks secrets and the tokens of interactions.

    Each character of a secret is also found in its escaped forms: percent-encoded (once or more often), escaped for
    JSON, for Python or for HTML, also several times over. Base64 is found wherever the secret lies in it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        forms = [form for secret in known for form in (*_encoded(secret), "".join(map(_escaped, secret)))]
        beginnings = {*"\\%&+-/_", *(secret[0] for secret in known), *(form[0] for form in forms)}
        begins = "".join(map(re.escape, sorted(beginnings)))  # a line is gone through three times as fast
        self._secrets = re.compile(f"(?=[{begins}])(?:{'|'.join(forms)})") if forms else None

    def apply(self, line: str) -> str:
        """Return the line without secrets."""
        if self._secrets is not None:
            line = self._secrets.sub(MASK, line)
        line = _INTERACTION_TOKEN.sub(rf"\g<1>{MASK}", line)
        line = _TOKEN_FIELD.sub(rf"\g<1>{MASK}", line)
        return _PASSWORD_IN_ADDRESS.sub(rf"\g<1>{MASK}", line)


def _escaped(character: str) -> str:
    """Write a pattern for all forms of a character."""
    code = ord(character)
    encoded = character.encode(errors="surrogatepass")
    percent = "".join(f"{_PERCENT}(?i:{byte:02x})" for byte in encoded)
    in_bytes = "".join(rf"\\{{1,8}}x(?i:{byte:02x})" for byte in encoded)
    units = character.encode("utf-16-be", errors="surrogatepass")
    surrogates = "".join(rf"\\{{1,8}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    forms = [f"{_BACKSLASHES}{re.escape(character)}", percent, surrogates, rf"&#(?:0*{code}|(?i:x0*{code:x}));"]
    forms += [in_bytes, rf"\\{{1,8}}U(?i:{code:08x})"]
    if code < 0x100:
        forms.append(rf"\\{{1,8}}x(?i:{code:02x})")
    for written in {repr(character)[1:-1], json.dumps(character)[1:-1]}:
        if len(written) == 2 and written[0] == "\\":
            forms.append(rf"\\{{1,8}}{re.escape(written[1])}")
    if (entity := html.escape(character)) != character:
        forms.append(re.escape(entity))
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _encoded(secret: str) -> Iterable[str]:
    """Write patterns for what Base64 makes of a secret, at each of the three places where it can begin."""
    raw = secret.encode(errors="surrogatepass")
    if len(raw) < _SHORTEST_ENCODED:
        return
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        first, last = (0, 2, 3)[offset], len(encoded) - (1 if (offset + len(raw)) % 3 else 0)
        core = re.escape(encoded[first:last])
        yield core.replace(r"\+", r"[+\-]").replace("/", "[/_]")
