"""The sandbox's clips are what the video service would make, whatever the prompt holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from bot.media.probing import probe
from bot.models import Aspect
from bot.sandbox.clips import FRAMES_PER_SECOND, make_clip
from tests.support.videos import decode_fully

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

PROMPT = "A paper boat drifting down a rainy street at night, neon reflections, slow camera"


def first_picture(path: Path) -> Image:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_image()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("aspect", "size", "duration_seconds"), [(Aspect.LANDSCAPE, (1280, 720), 6), (Aspect.PORTRAIT, (720, 1280), 10)]
)
def test_a_clip_has_the_asked_shape_and_exactly_the_asked_length(
    aspect: Aspect, size: tuple[int, int], duration_seconds: int, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"

    make_clip(path, prompt=PROMPT, aspect=aspect, duration_seconds=duration_seconds)

    info = probe(path)
    assert (info.width, info.height, info.codec) == (*size, "h264")
    assert info.duration_seconds == duration_seconds
    assert info.size_bytes < 1_000_000
    assert decode_fully(path) == (FRAMES_PER_SECOND * duration_seconds, pytest.approx(duration_seconds), 0)


def test_a_clip_plays_from_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    make_clip(path, prompt=PROMPT, aspect=Aspect.LANDSCAPE, duration_seconds=1)

    whole = path.read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")


def test_equal_prompts_make_equal_pictures(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        make_clip(tmp_path / name, prompt=PROMPT, aspect=Aspect.LANDSCAPE, duration_seconds=1)

    assert first_picture(tmp_path / "a.mp4").tobytes() == first_picture(tmp_path / "b.mp4").tobytes()


def test_the_prompt_can_be_seen(tmp_path: Path) -> None:
    for name, prompt in (("a.mp4", "A fox"), ("b.mp4", PROMPT)):
        make_clip(tmp_path / name, prompt=prompt, aspect=Aspect.LANDSCAPE, duration_seconds=1)

    short, long = (sum(first_picture(tmp_path / name).convert("L").histogram()[240:]) for name in ("a.mp4", "b.mp4"))

    assert 1_000 < short < long / 5


PROMPTS = {
    "many words": "fox " * 500,
    "one long word": "x" * 2000,
    "emoji": "😀" * 2000,
    "joined emoji": "👩‍👩‍👧‍👦 family",
    "nothing any font has": "\U0010fffd" * 10,
    "right to left": "שלום עולם",
    "both directions, forced": "العربية \u202e right to left \u2066",
    "zero width": "a\u200bb\u200dc\ufeffd",
    "stacked marks": "Z̸͎̈́a̴l̵g̶o̷" * 40,
    "Chinese": "中文提示词",
    "Markdown and mentions": "@everyone <@&1> **bold** [link](https://example.org) `code` ```\nblock\n```",
    "control characters": "line\nline\r\n\ttab\0nul\x1b[31m",
    "half a surrogate pair": "broken \ud83d surrogate",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROMPTS)
def test_no_prompt_breaks_a_clip(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"

    make_clip(path, prompt=PROMPTS[kind], aspect=Aspect.PORTRAIT, duration_seconds=1)

    assert probe(path).duration_seconds == 1
    assert sum(first_picture(path).convert("L").histogram()[240:]) > 1_000
