"""The sandbox's clips: a real H.264 MP4 of the asked length with the prompt drawn into a calm moving picture."""

from __future__ import annotations

import unicodedata
import zlib
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import EOFError as EndOfFilmError
from av.filter import Graph
from av.video.frame import PictureType
from PIL import Image, ImageDraw, ImageFont

from bot.models import Aspect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame
    from PIL.ImageFont import FreeTypeFont

FRAMES_PER_SECOND = 6
"""Enough for a slow picture. The demo's page takes up to 0.1 s to make each frame playable, and gives up after 30 s."""
SIZES = {Aspect.LANDSCAPE: (1280, 720), Aspect.PORTRAIT: (720, 1280)}
"""Width and height in pixels at ``720P``; a sandbox makes no larger ones."""

_PALETTES = (
    ("0x10163a", "0x4752c4", "0x8a4fd3"),
    ("0x0b2533", "0x12747d", "0x3fae8c"),
    ("0x2b1030", "0xa33b6b", "0xe0805a"),
    ("0x101a2e", "0x2c6fb0", "0x58b4cf"),
    ("0x1d1430", "0x6a3fa0", "0xd06a9a"),
)
_BACKGROUND_REDUCTION = 4
"""A gradient computed at a quarter of the size and scaled up looks the same and costs a ninth."""
_MARGIN = 80
_BAR_HEIGHT = 6
_CAPTION_SIZE = 26
_PROMPT_SIZES = (56, 48, 42, 36, 32)
_LINE_SPACING = 1.3
_MAX_DRAWN_CHARACTERS = 900
"""More never fits at the smallest size; cutting first keeps the work bounded."""
_FALLBACK_FONTS = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf")
"""Tried by name, where installed, for scripts that Pillow's own Latin font lacks."""
_ABSENT_CHARACTER = "\U0010fffd"
"""Reserved for private use, so its picture is the one a font shows for what it lacks."""
_NOTHING_DRAWABLE = "A prompt no font here can draw"


def make_clip(path: Path, *, prompt: str, aspect: Aspect, duration_seconds: int) -> None:
    """Write a clip: H.264 yuv420p, MP4 that plays from its first bytes. Blocking.

    The prompt is drawn as far as a font can draw it; equal prompts make equal clips.
    """
    with av.open(str(path), "w", format="mp4", container_options={"movflags": "faststart"}) as container:
        stream = container.add_stream(  # pyright: ignore[reportUnknownMemberType]  # PyAV leaves **kwargs untyped
            "libx264", FRAMES_PER_SECOND, {"preset": "veryfast", "crf": "20"}
        )
        stream.width, stream.height = SIZES[aspect]
        stream.pix_fmt = "yuv420p"
        for frame in _frames(prompt, SIZES[aspect], duration_seconds):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _frames(prompt: str, size: tuple[int, int], duration_seconds: int) -> Iterator[VideoFrame]:
    """Yield the moving picture: a slowly turning gradient, the titles, and a line that fills up."""
    width, height = size
    dark, middle, light = _PALETTES[zlib.crc32(prompt.encode("utf-8", "replace")) % len(_PALETTES)]
    right, bottom = width // _BACKGROUND_REDUCTION, height // _BACKGROUND_REDUCTION
    timing = f"rate={FRAMES_PER_SECOND}:duration={duration_seconds}"
    shown_until = duration_seconds - 1 / FRAMES_PER_SECOND

    graph = Graph()
    gradient = graph.add(
        "gradients",
        f"size={right}x{bottom}:{timing}:seed=1:speed=0.016:nb_colors=3:c0={dark}:c1={middle}:c2={light}"
        f":x0=0:y0=0:x1={right}:y1={bottom}",
    )
    background = graph.add("scale", f"{width}:{height}:flags=bicubic")
    titles = graph.add_buffer(
        width=width, height=height, format=av.VideoFormat("rgba"), time_base=Fraction(1, FRAMES_PER_SECOND)
    )
    titled = graph.add("overlay")
    bar = graph.add("color", f"color=white:size={width}x{_BAR_HEIGHT}:{timing}")
    barred = graph.add("overlay", f"x='-w+w*t/{shown_until}':y={height - _BAR_HEIGHT}")
    output = graph.add("format", "yuv420p")
    sink = graph.add("buffersink")
    gradient.link_to(background)
    background.link_to(titled)
    titles.link_to(titled, input_idx=1)
    titled.link_to(barred)
    bar.link_to(barred, input_idx=1)
    barred.link_to(output)
    output.link_to(sink)
    graph.configure()

    titles.push(av.VideoFrame.from_bytes(_draw_titles(prompt, size).tobytes(), width, height, "rgba"))
    titles.push(None)
    while True:
        try:
            frame = graph.vpull()
        except EndOfFilmError:
            return
        frame.pict_type = PictureType.NONE  # the gradient calls each a key frame, which makes the file 20 times larger
        yield frame


def _draw_titles(prompt: str, size: tuple[int, int]) -> Image.Image:
    """Draw everything that stands still on a transparent picture: the prompt, the caption, the line's bed."""
    width, height = size
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)

    draw.rectangle((0, height - _BAR_HEIGHT, width, height), fill=(255, 255, 255, 50))
    triangle = _CAPTION_SIZE * 0.8
    top = height - _MARGIN
    draw.polygon(
        [(_MARGIN, top), (_MARGIN, top + triangle), (_MARGIN + triangle * 0.9, top + triangle / 2)],
        fill=(255, 255, 255, 200),
    )
    draw.text(
        (_MARGIN + triangle * 1.6, top + triangle / 2),
        "Reelay sandbox",
        font=_own_font(_CAPTION_SIZE),
        fill=(255, 255, 255, 200),
        anchor="lm",
    )

    box = (width - 2 * _MARGIN, height - 4 * _MARGIN)
    lines, font = _set_in_box(prompt, box)
    line_height = font.size * _LINE_SPACING
    y = (height - line_height * len(lines)) / 2 + line_height / 2
    for line in lines:
        draw.text((_MARGIN + 2, y + 2), line, font=font, fill=(0, 0, 0, 70), anchor="lm")
        draw.text((_MARGIN, y), line, font=font, fill=(255, 255, 255, 245), anchor="lm")
        y += line_height
    return picture


def _set_in_box(prompt: str, box: tuple[int, int]) -> tuple[list[str], FreeTypeFont]:
    """Break the prompt into lines at the largest size that fits; at the smallest, cut it."""
    font, text = _readable(prompt[:_MAX_DRAWN_CHARACTERS])
    width, height = box
    lines: list[str] = []
    for size in _PROMPT_SIZES:
        font = font.font_variant(size=size)
        room = int(height / (size * _LINE_SPACING))
        lines = _wrap(text, font, width)
        if len(lines) <= room:
            return lines, font
        del lines[room:]
    while font.getlength(lines[-1] + "…") > width:
        lines[-1] = lines[-1][:-1]
    return [*lines[:-1], lines[-1] + "…"], font


def _wrap(text: str, font: FreeTypeFont, width: int) -> list[str]:
    """Break at spaces, and inside a word that is wider than a line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and font.getlength(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


def _readable(text: str) -> tuple[FreeTypeFont, str]:
    """Choose the font that can draw most of a text, and reduce the text to what it can draw."""
    text = unicodedata.normalize("NFKC", text)
    candidates = [_own_font(_PROMPT_SIZES[0])]
    for name in _FALLBACK_FONTS:
        with suppress(OSError):  # not installed here
            candidates.append(ImageFont.truetype(name, _PROMPT_SIZES[0]))
    font, drawable = max(((font, _drawable(text, font)) for font in candidates), key=lambda pair: len(pair[1]))
    kept = "".join(character if character in drawable else " " * character.isspace() for character in text)
    return font, kept if drawable else _NOTHING_DRAWABLE


def _drawable(text: str, font: FreeTypeFont) -> set[str]:
    """Return the visible characters of a text that a font has a picture for."""
    font = font.font_variant(size=_CAPTION_SIZE)
    blanks = {_picture(" ", font), _picture(_ABSENT_CHARACTER, font)}
    # Control and format characters have no picture, and some of them alone make the text layout fail.
    visible = {character for character in text if unicodedata.category(character)[0] != "C"}
    return {character for character in visible if _picture(character, font) not in blanks}


def _picture(character: str, font: FreeTypeFont) -> bytes:
    picture = Image.new("1", (2 * _CAPTION_SIZE, 2 * _CAPTION_SIZE))
    ImageDraw.Draw(picture).text((_CAPTION_SIZE // 2, 0), character, font=font, fill=1)
    return picture.tobytes()


def _own_font(size: int) -> FreeTypeFont:
    """Load the font inside Pillow, which is there on every machine."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # a size asks for it
    return font
