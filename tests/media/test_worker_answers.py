"""What the bot makes of a media process's answer, whatever that process is: here a small shell command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bot.errors import CannotFitError, ClipUnavailableError, NotAVideoError, ProbeDiedError, ReelayError
from bot.media import process
from bot.media.worker import MediaWorker
from bot.models import VideoInfo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no shell")

CLIP, FITTED = Path("clip.mp4"), Path("fit.mp4")
ANSWER = {
    "width": 320,
    "height": 180,
    "duration_seconds": 1.0,
    "size_bytes": 9,
    "codec": "h264",
    "plays": False,
    "pictures": 7,
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Give what processes are asked; each does what the clip's name says."""
    made: list[tuple[object, ...]] = []

    def command(*arguments: object) -> list[str]:
        made.append(arguments)
        return ["sh", "-c", str(arguments[1])]

    monkeypatch.setattr(process, "_command", command)
    return made


def says(answer: object) -> Path:
    return Path(f"echo '{json.dumps(answer)}'")


async def test_what_the_process_says_of_a_video_is_returned(asked: list[tuple[object, ...]]) -> None:
    clip = says(ANSWER)

    async with MediaWorker() as media:
        probed, fitted = await media.probe(clip), await media.fit(clip, FITTED, 5_000)

    assert probed == fitted == VideoInfo(320, 180, 1.0, 9, "h264", plays=False, pictures=7)
    assert asked == [("probe", clip), ("fit", clip, FITTED, 5_000)]


@pytest.mark.slow
@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("clip", "of_probe", "of_fit"),
    [
        (says({"not_a_video": "a page"}), NotAVideoError, NotAVideoError),
        (says({"cannot_fit": "too long"}), CannotFitError, CannotFitError),
        (Path("echo broken >&2; exit 3"), ClipUnavailableError, CannotFitError),
        (Path("read forever"), ClipUnavailableError, CannotFitError),
        (Path("true"), ClipUnavailableError, CannotFitError),
        (Path("echo nonsense"), ClipUnavailableError, CannotFitError),
        (says(ANSWER | {"width": "wide"}), ClipUnavailableError, CannotFitError),
        (says([ANSWER]), ClipUnavailableError, CannotFitError),
        (Path("head -c 2000000 /dev/zero"), ClipUnavailableError, CannotFitError),
    ],
    ids=[
        "no video",
        "too long",
        "it died",
        "it takes too long",
        "it says nothing",
        "it says nonsense",
        "it says something else",
        "it says it in another shape",
        "it says too much",
    ],
)
async def test_a_process_that_fails_has_an_error_of_its_kind_and_is_gone(
    clip: Path, of_probe: type[ReelayError], of_fit: type[ReelayError]
) -> None:
    async with MediaWorker(probe_seconds=0.2, fit_seconds=0.2) as media:
        with pytest.raises(of_probe):
            await media.probe(clip)
        with pytest.raises(of_fit):
            await media.fit(clip, FITTED, 5_000)
        assert media.process_ids == []


async def test_where_no_process_can_be_started_nothing_is_said_of_the_file(tmp_path: Path) -> None:
    async with MediaWorker(parent=tmp_path / "missing") as media:
        with pytest.raises(ProbeDiedError):
            await media.probe(FITTED)
        for work in (media.take_still(FITTED), media.fit(FITTED, FITTED, 5_000), media.make_contact_sheet([(1, None)])):
            with pytest.raises(CannotFitError):
                await work
