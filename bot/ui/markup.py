"""What a message says in words: without mentions, links, custom emoji and Markdown.

All patterns go over a text once, whatever is in it: none looks further than the next sign of its kind.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"<(?:@[!&]?|\#)\d+>"  # members, roles, channels
    r"|@(?:everyone|here)\b"
    r"|</[-\w\x20]+:\d+>"  # commands
    r"|<a?:\w+:\d+>"  # custom emoji
    r"|<t:-?\d+(?::\w)?>"  # times
    r"|<id:\w+>"  # parts of a server
    r"|<?(?:https?|discord)://[^\s\0<>]+>?",
    re.ASCII | re.IGNORECASE,
)
_NAMED_LINK = re.compile(
    r"\[([^\[\]]*)\]\(\s*<?(?:https?|discord)://(?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\s*\)", re.I
)
_FENCE = re.compile(r"```(?:[\w+#.-]*\n)?")
_CODE = re.compile(r"(`{1,2})([^`]+)\1")
_LINE_START = re.compile(r"^(?:[ \t]*(?:>>>|>|\#{1,3}|-\#|[-*])[ \t]+)+", re.MULTILINE)
_PAIRS = (
    re.compile(r"(\*{1,3})(?=[^\s*])([^*]+)(?<=[^\s*])\1"),
    re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^_]+(?:(?<=\w)_(?=\w)[^_]+)*)(?<=[^\s_])\1(?!\w)"),
    re.compile(r"(~~)([^~]+)\1"),
    re.compile(r"(\|\|)([^|]+)\1"),
)
_DEEPEST = 8
"""How deep styles are taken off that are inside one another; what is deeper stays."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PRIVATE = 0xE000
"""Where escaped signs are kept meanwhile: characters that mean nothing to anybody."""
_RESTORED = {_PRIVATE + code: chr(code) for code in range(128)}


def words_of(message: str) -> str:
    """Return what a message says, line by line; nothing where it is all markup."""
    text = message.translate(dict.fromkeys([0, *_RESTORED]))
    text = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    text = _TOKENS.sub("\0", _NAMED_LINK.sub(r"\1", text))
    text = _CODE.sub(r"\2", _FENCE.sub("", text))
    text = _LINE_START.sub("", text)
    for _ in range(_DEEPEST):
        plainer = text
        for pair in _PAIRS:
            plainer = pair.sub(r"\2", plainer)
        if plainer == text:
            break
        text = plainer
    text = _TOKENS.sub("\0", text.translate(_RESTORED))  # what only now looks like one
    lines = (" ".join(line.replace("\0", " ").split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip("*_~|` "))
