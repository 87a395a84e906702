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
_REGION = f"\U0001f3f4{_TAGS}"
_PERSON = (
    "[\u26f9\U0001f3c3\U0001f3c4\U0001f3ca-\U0001f3cc\U0001f466-\U0001f469\U0001f46e-\U0001f478\U0001f481\U0001f482"
    "\U0001f486\U0001f487\U0001f575\U0001f645-\U0001f647\U0001f64b\U0001f64d\U0001f64e\U0001f6a3\U0001f6b4-\U0001f6b6"
    "\U0001f926\U0001f935-\U0001f93e\U0001f9b8\U0001f9b9\U0001f9cd-\U0001f9df\U0001fac3-\U0001fac5]"
)
_OF_PERSON = "[⚕⚖✈♀♂⚧➡❤🌾🍳🍼🎄🎓🎤🎨🏫🏭🐰👦👧👨👩💋💻💼🔧🔬🚀🚒🤝🦯🦰-🦳🦼🦽🧑🧒🩰🫯]"
"""What is joined to a person: a sex, a direction, a profession, hair, a family's others."""
_PAIRS = "❤🔥 ❤🩹 👁🗨 😮💨 😵💫 😶🌫 🙂↔ 🙂↕ 🏳🌈 🏳⚧ 🏴☠ 🐈⬛ 🐕🦺 🐦⬛ 🐦🔥 🐻❄ 🍄🟫 🍋🟩 ⛓💥 🫱🫲"
"""All else that is joined, as Unicode 17 has it; signs that nobody draws as one are read one by one."""


def _element(sign: str) -> str:
    return f"{sign}[\ufe0e\ufe0f]?[{_TONES}]?\ufe0f?"


_JOINED = "|".join(
    [
        f"{_element(_PERSON)}(?:{_JOINER}{_element(_OF_PERSON)})+",
        *(_JOINER.join(map(_element, pair)) for pair in _PAIRS.split()),
    ]
)
EMOJI = re.compile(f"{_FLAG}|{_KEYCAP}|{_REGION}|{_JOINED}|{_element(_SIGN)}")
"""A flag of two letters or of a region, a keycap, or a sign or signs that are joined, each with a skin tone."""

_UNSEEN = re.compile(f"[{_JOINER}\ufe0e\ufe0f]")
_TONE = re.compile(f"[{_TONES}]")


def read_emoji(text: str) -> tuple[str, ...]:
    """Return an emoji as it is compared, and without its skin tones if it has any."""
    sign = _UNSEEN.sub("", text)
    plain = _TONE.sub("", sign)
    return (sign,) if plain in {sign, ""} else (sign, plain)
