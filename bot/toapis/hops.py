"""The address that is asked for: as it was given, also by a redirect. Any other would be another address."""

from __future__ import annotations

import re

from yarl import URL

_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?(?P<authority>//[^/?#]*)?(?P<path>[^?#]*)(?P<query>\?[^#]*)?", re.DOTALL
)
"""Any text has them (RFC 3986, appendix B); what follows is a fragment, which is not sent."""
_DOTS = re.compile(r"(\.\.?)(?:/|\Z)")


def next_address(given: str, *, base: str = "") -> str:
    """Return an address as it was given, but for what is no visible ASCII, which is percent-encoded.

    ``%2F`` in a signed address is no slash, and ``//`` is not ``/``. The name of a host in other letters is written as
    names are looked up.

    Args:
        base: the address that redirects: what is given may say only in what it differs from this one.

    Raises:
        ValueError: the host has no name that can be looked up.
    """
    there, here = _parts(given), _parts(base)
    if there["scheme"]:
        return "".join(there.values())
    if there["authority"]:
        return here["scheme"] + "".join(there.values())
    path, query = there["path"], there["query"]
    if not path:
        path, query = here["path"], query or here["query"]
    elif not path.startswith("/"):
        path = _beside(here["path"], path)
    return here["scheme"] + here["authority"] + path + query


def _parts(address: str) -> dict[str, str]:
    match = _PARTS.match(address.strip(" \t\r\n"))
    assert match is not None, "each part may be empty"
    parts = match.groupdict("")
    if not parts["authority"].isascii():
        parts["authority"] = f"//{URL(parts['authority']).raw_authority}"
    return {name: _visible(part) for name, part in parts.items()}


def _visible(part: str) -> str:
    raw = part.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E else f"%{byte:02X}" for byte in raw)


def _beside(path: str, relative: str) -> str:
    """Return a path in the same folder, or further up; whatever else is in it stays as it is."""
    folder = path.rpartition("/")[0]
    while dots := _DOTS.match(relative):
        relative = relative[dots.end() :]
        if dots[1] == "..":
            folder = folder.rpartition("/")[0]
    return f"{folder}/{relative}"
