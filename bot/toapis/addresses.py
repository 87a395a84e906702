"""Where the clip of a generation can be fetched: all addresses in it, and the best of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.toapis.reading.kinds import fold, listed
from bot.toapis.reading.values import TEXT_MAX_CHARACTERS, JsonObject, read_list, read_object

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = listed(
    "result results task_result result_json output outputs response content creations assets generations videos video "
    "url urls video_url video_urls metadata result_url result_urls download_url file_url data"
)
"""The keys, folded, under which a clip's address may stand, at any depth, the most usual first."""
HINTS = ("type", "format", "kind", "role", "mime", "mime_type", "content_type", "name", "ext")
"""The keys beside an address that say what it leads to."""
VIDEO_WORDS = frozenset(listed("video videos mp4 webm mov m4v mkv avi quicktime"))
OTHER_WORDS = frozenset(
    listed("image images picture photo frame frames audio music sound jpg jpeg png webp gif avif heic mp3 wav aac m4a")
)
"""What is no video, unless a video is named as well (``image_to_video``)."""
NEVER_WORDS = frozenset(
    listed("preview thumb thumbnail cover poster subtitle subtitles caption captions vtt srt sprite storyboard json")
)
"""What is no clip, whatever else is named."""

_VIDEO_ENDINGS = "mp4|webm|mov|m4v|mkv|avi"
_OTHER_ENDINGS = "jpe?g|png|webp|gif|avif|heic|bmp|svg|mp3|wav|aac|m4a|ogg|flac|vtt|srt|ass|json|txt|html?"
_ENDING = re.compile(rf"\.(?:(?P<video>{_VIDEO_ENDINGS})|{_OTHER_ENDINGS})(?![a-z0-9])")
_STATUS_PATH = re.compile(r"/generations/[^/]+/?$")
_AROUND = " \t\r\n\u00a0\u200b\ufeff<>\"'`"
_DEPTH_MAX = 6
_ADDRESSES_MAX = 50


def find_address(fields: JsonObject, *, also: object = None) -> str | None:
    """Return the clip's address among a generation's fields, or None: a video's first, then https, then the first.

    Args:
        fields: the generation's, with folded keys.
        also: where else one may stand, after all others.
    """
    found: list[tuple[bool, bool, str]] = []
    for address, key, hints in (*_walk(fields, "", frozenset(), _DEPTH_MAX), *_walk(also, "", frozenset(), 1)):
        is_video = _is_video(address, key, hints)
        if is_video is not None:
            found.append((not is_video, not address.casefold().startswith("https:"), address))
        if len(found) == _ADDRESSES_MAX:
            break
    return min(found, key=lambda it: it[:2])[2] if found else None


def ends_as_video(address: str) -> bool | None:
    """Tell whether an address ends as a video's does; None when it ends as neither that nor anything else known."""
    parts = urlsplit(address.casefold())
    for text in (parts.path.rpartition("/")[2], parts.query):
        endings = list(_ENDING.finditer(text))
        if endings:
            return endings[-1]["video"] is not None
    return None


def _walk(place: object, key: str, hints: frozenset[str], depth: int) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Give each address at a place, with its key and what the fields beside it say of it."""
    if isinstance(place, str):
        address = _address(place)
        if address is not None:
            yield address, key, hints
        elif depth and place.lstrip().startswith(("{", "[")):
            yield from _walk(_json(place), key, hints, depth - 1)
    elif depth:
        for item in read_list(place)[:_ADDRESSES_MAX]:
            yield from _walk(item, key, hints, depth - 1)
        fields = {fold(name): value for name, value in read_object(place).items()}
        own_hints = frozenset(word for name in HINTS for word in _words(fields.get(name)))
        for name in PLACES:
            if name in fields:
                yield from _walk(fields[name], name, own_hints, depth - 1)


def _is_video(address: str, key: str, hints: frozenset[str]) -> bool | None:
    """Tell whether an address is said to be a video's; False when nobody knows, None when it is something else's."""
    ending = ends_as_video(address)
    if ending is False or hints & NEVER_WORDS or _STATUS_PATH.search(urlsplit(address).path):
        return None
    if hints & OTHER_WORDS and not hints & VIDEO_WORDS:
        return None
    return bool(ending or hints & VIDEO_WORDS or VIDEO_WORDS & set(key.split("_")))


def _words(value: object) -> list[str]:
    return fold(value).split("_") if isinstance(value, str) else []


def _address(value: str) -> str | None:
    text = value.strip(_AROUND)
    address = f"https:{text}" if text.startswith("//") else text
    if not 0 < len(address) <= TEXT_MAX_CHARACTERS or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
