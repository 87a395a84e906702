"""Emoji of one or several code points (UTS 51), each read as one sign."""

from __future__ import annotations

import re

_TONES = "\U0001f3fb-\U0001f3ff"
_JOINER = "\u200d"
_SIGN = (
    "[\u00a9\u00ae\u203c\u2049\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\U0001f000-\U0001faff]"
)
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_TAGS = "[\U000e0020-\U000e007e]+\U000e007f"
_ELEMENT = f"{_SIGN}[\ufe0e\ufe0f]?[{_TONES}]?\ufe0f?(?:{_TAGS})?"
EMOJI = re.compile(f"{_FLAG}|{_KEYCAP}|{_ELEMENT}(?:{_JOINER}{_ELEMENT})*")
"""A flag of two letters, a keycap, or signs that are joined, each with a skin tone or tags."""

_UNSEEN = re.compile(f"[{_JOINER}\ufe0e\ufe0f]")
_TONE = re.compile(f"[{_TONES}]")


def read_emoji(text: str) -> tuple[str, ...]:
    """Return an emoji as it is compared, and without its skin tones if it has any."""
    sign = _UNSEEN.sub("", text)
    plain = _TONE.sub("", sign)
    return (sign,) if plain in {sign, ""} else (sign, plain)
