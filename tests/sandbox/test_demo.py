"""The demo in a terminal and without one: what it says, what it saves, how it ends."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from bot.media.probing import probe
from bot.sandbox.demo import show
from tests.support.demo_process import demo_in_terminal, demo_without_terminal, left_behind, run_demo
from tests.support.page_requests import end_on_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


async def test_once_makes_the_asked_clip_and_says_where_it_is(tmp_path: Path) -> None:
    ended = await run_demo(
        tmp_path, "--once", "A red fox, 😀", "--aspect", "9:16", "--duration", "10", "--out", "deep/fox.mp4"
    )

    assert (ended.exit_code, ended.errors) == (0, "")
    lines = ended.output.splitlines()
    assert re.fullmatch(r"The community's page: http://127\.0\.0\.1:\d+/\S+/", lines[0])
    assert lines[1] == "Mia types: /video prompt:A red fox, 😀 aspect:9:16 duration:10"
    shown = [int(percent) for percent in re.findall(r"(\d+) %", ended.output)]
    assert shown == sorted(shown)
    assert len({percent for percent in shown if 0 < percent < 100}) >= 2, "the bar moved"
    assert lines[-1] == "The clip is in #clips, and saved as deep/fox.mp4"
    info = await asyncio.to_thread(probe, tmp_path / "deep" / "fox.mp4")
    assert (info.width, info.height, info.duration_seconds, info.codec) == (720, 1280, 10, "h264")
    assert left_behind(tmp_path) == []


async def test_without_a_terminal_it_says_that_it_ends_after_one_clip_and_how_to_keep_it(tmp_path: Path) -> None:
    async with demo_without_terminal(tmp_path) as demo:
        await demo.until("There is no terminal .*, so it ends after one clip. To keep the page: demo --serve")

    assert "Traceback" not in demo.said


async def test_serve_keeps_the_page_without_a_terminal_until_it_is_ended_there(tmp_path: Path) -> None:
    async with demo_without_terminal(tmp_path, "--serve") as demo:
        address = (await demo.until(r"http://\S+")).group()
        await demo.until("rendering")
        await end_on_page(address)

        assert await demo.end() == 0, "it was not there for one clip only, which is not there yet"

    assert "There is no terminal" not in demo.said
    assert "Traceback" not in demo.said
    assert left_behind(tmp_path) == []


async def test_a_clip_and_the_end_are_not_asked_for_together(tmp_path: Path) -> None:
    ended = await run_demo(tmp_path, "--serve", "--once", "A red fox")

    assert (ended.exit_code, ended.output) == (2, "")
    assert "--once and --serve can't be had together" in ended.errors


async def test_once_with_a_failing_prompt_says_why_and_saves_nothing(tmp_path: Path) -> None:
    ended = await run_demo(tmp_path, "--once", "fail:content_policy", "--out", "fox.mp4")

    assert ended.exit_code == 1
    assert ended.errors == (
        "No clip: The video service refused this prompt because of its content rules. "
        "Your 6 s came back. Try a different prompt.\n"
    )
    assert not (tmp_path / "fox.mp4").exists()
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("ab", "Refused: That prompt is too short"),
        ("", "Refused: Tell me in words what the video should show"),
        ("x" * 2001, "Refused: That prompt is too long"),
    ],
)
async def test_a_prompt_that_is_refused_is_refused_at_once(
    prompt: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await show(prompt=prompt, aspect="16:9", duration_seconds=6, out=tmp_path / "clip.mp4")

    output, errors = capsys.readouterr()
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(reason)


async def test_a_place_that_cannot_be_written_is_named_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    for place in (tmp_path, tmp_path / "file" / "clip.mp4"):
        code = await show(prompt="A red fox", aspect="16:9", duration_seconds=6, out=place)

        output, errors = capsys.readouterr()
        assert (code, output, errors.count("\n")) == (1, "", 1)
        assert errors.startswith(f"The clip cannot be saved there: {tmp_path}")


@pytest.mark.parametrize("arguments", [("--aspect", "4:3"), ("--duration", "7"), ("--duration", "six")])
async def test_an_option_outside_what_is_offered_is_named(arguments: tuple[str, str], tmp_path: Path) -> None:
    ended = await run_demo(tmp_path, *arguments)

    assert (ended.exit_code, ended.output) == (2, "")
    assert f"Invalid value for '{arguments[0]}'" in ended.errors


async def test_ctrl_c_ends_the_demo_and_leaves_nothing(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path) as terminal:
        await terminal.until("rendering")
        terminal.press_ctrl_c()

        assert await terminal.end() == 0

    assert "Traceback" not in terminal.said
    assert left_behind(tmp_path) == []


async def test_a_newcomer_is_told_what_to_do_next(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path) as terminal:
        await terminal.until("Under the clip Ben presses Again, and Mia presses Remix")
        await terminal.until("Now type /video on the page yourself, /brainstorm in #brainstorm")
        await terminal.until("press Manage… and Close now")
        await terminal.until("Ctrl-C ends it")
        terminal.press_ctrl_c()

        assert await terminal.end() == 0

    assert "Traceback" not in terminal.said
    assert left_behind(tmp_path) == []


async def test_a_closed_terminal_ends_the_demo_and_leaves_nothing(tmp_path: Path) -> None:
    async with demo_in_terminal(tmp_path) as terminal:
        await terminal.until("rendering")

    assert await terminal.end() == 0
    assert left_behind(tmp_path) == []
