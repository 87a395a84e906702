"""Where the clip of a generation is found: among all addresses in an answer, the best."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.toapis.reading.answers import Answer, RequestKind
from bot.toapis.wire import read_generation

NOW = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
CLIP = "https://files.example/x.mp4"


def address(**body: Any) -> str | None:  # noqa: ANN401 (JSON)
    encoded = json.dumps({"id": "video_1"} | body).encode()
    answer = Answer(http_status=200, headers={}, body=encoded)
    return read_generation(answer, request=RequestKind.POLL, now=NOW).result_url


@pytest.mark.parametrize(
    "places",
    [
        {"result": {"data": [{"url": CLIP}]}},
        {"result": {"data": {"url": f"  {CLIP}\n"}}},
        {"result": {"data": [CLIP]}},
        {"result": {"data": [{"url": "", "video_url": CLIP}]}},
        {"result": {"url": CLIP}},
        {"result": {"video_url": [CLIP]}},
        {"result": [{"video_url": CLIP}]},
        {"result": [CLIP]},
        {"result": CLIP},
        {"url": CLIP},
        {"url": [CLIP]},
        {"url": [{"url": CLIP}]},
        {"video_url": CLIP},
        {"video_url": [{"video_url": CLIP}]},
        {"metadata": {"url": CLIP}},
        {"metadata": {"url": [CLIP]}},
        {"data": [{"url": CLIP}]},
        {"data": {"video_url": CLIP}},
        {"result_url": CLIP},
        {"fail_reason": CLIP},
        {"result": {"data": []}, "url": None, "video_url": CLIP},
        {"result": {"data": [{"url": "https://files.example/cover", "type": "cover_image"}, {"url": CLIP}]}},
        {"result": {"data": [{"url": "https://files.example/x.jpg?a=b"}, {"url": CLIP, "format": "mp4"}]}},
        {"result": {"type": "image_to_video", "url": CLIP, "thumbnail_url": "https://files.example/x.jpg"}},
        {"result": {"videos": [{"url": [CLIP]}]}},
        {"result": json.dumps({"data": [{"url": CLIP}]})},
        {"resultJson": json.dumps({"resultUrls": [CLIP]})},
        {"task_result": {"videos": [{"url": CLIP}]}},
        {"urls": [CLIP]},
        {"video_urls": [CLIP]},
        {"videoUrl": CLIP},
        {"video": {"url": CLIP}},
        {"output": [CLIP]},
        {"content": {"video_url": CLIP}},
        {"metadata": {"data": [{"url": CLIP}]}},
        {"metadata": {"result": {"data": [{"url": CLIP}]}}},
        {"url": "//files.example/x.mp4"},
        {"url": f"\u200b<{CLIP}>\u00a0"},
    ],
)
def test_address_is_found_wherever_it_may_be(places: dict[str, Any]) -> None:
    assert address(status="completed", **places) == CLIP


@pytest.mark.parametrize(
    "places",
    [
        {"result": None},
        {"result": []},
        {"result": "x"},
        {"result": {}},
        {"result": {"data": None}},
        {"result": {"data": []}},
        {"result": {"data": [7]}},
        {"result": {"data": [{"url": 1.5}]}},
        {"result": {"data": [{"url": "/files/x.mp4"}]}},
        {"url": "ftp://files.example/x.mp4"},
        {"url": "javascript:alert(1)"},
        {"url": "https://[files"},
        {"url": "https://files.example/x.mp4\x00"},
        {"result": {"thumbnail_url": CLIP, "cover_url": CLIP}},
        {"thumbnail": CLIP},
        {"result": {"data": [{"url": "https://files.example/x.png"}]}},
        {"url": "https://files.example/" + "x" * 9000},
    ],
)
def test_what_is_no_address_of_a_clip_is_none(places: dict[str, Any]) -> None:
    assert address(status="completed", **places) is None


@pytest.mark.parametrize("status", ["in_progress", "on_hold", None])
def test_address_is_read_before_the_state_is_final(status: str | None) -> None:
    assert address(status=status, result={"data": [{"url": CLIP}]}) == CLIP


def test_reason_of_a_failure_is_no_address() -> None:
    assert address(status="failed", fail_reason=CLIP) is None


OTHERS = [
    {"url": "https://files.example/x.mp3"},
    {"url": "https://files.example/x", "type": "audio"},
    {"url": "https://files.example/x.avif"},
    {"url": "https://files.example/x.JPG!thumb"},
    {"url": "https://files.example/x?f=x.jpg", "format": "jpeg"},
    {"url": "https://files.example/x.vtt", "format": "vtt"},
    {"url": "https://files.example/x", "name": "last_frame"},
    {"url": "https://files.example/y.mp4", "type": "preview"},
    {"url": "https://files.example/x", "role": "cover"},
    {"url": "https://toapis.example/v1/videos/generations/video_1"},
]
UNKNOWN = [{"url": "https://files.example/y"}, {"url": "http://files.example/y.mp4"}]


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_something_elses_is_never_the_clips(other: dict[str, str]) -> None:
    assert address(status="completed", result={"data": [other]}) is None
    assert address(status="completed", result={"data": [other, {"url": CLIP}]}) == CLIP


@pytest.mark.parametrize("other", UNKNOWN)
def test_video_by_https_is_chosen_among_those_that_may_be_clips(other: dict[str, str]) -> None:
    assert address(status="completed", result={"data": [other]}) == other["url"]
    assert address(status="completed", result={"data": [other, {"url": CLIP}]}) == CLIP
    assert address(status="completed", result={"data": [other]}, metadata={"video_url": CLIP}) == CLIP


@pytest.mark.parametrize("hint", [{"type": "video"}, {"format": "mp4"}, {"mime_type": "video/webm"}, {"ext": ".mov"}])
def test_what_stands_beside_an_address_says_that_it_is_a_videos(hint: dict[str, str]) -> None:
    clip = {"url": "https://files.example/z", **hint}
    assert address(status="completed", result={"data": [{"url": "https://files.example/y"}, clip]}) == clip["url"]
