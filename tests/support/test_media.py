"""What tests of the services rely on: the same file is looked at once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bot.media.probing import probe
from tests.support import media
from tests.support.media import DirectMedia
from tests.support.videos import video_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_the_same_bytes_are_looked_at_and_made_to_fit_once_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, first, again = DirectMedia(), tmp_path / "first.mp4", tmp_path / "again.mp4"
    shutil.copyfile(video_file(), first)
    shutil.copyfile(video_file(), again)
    still = await direct.take_still(first)
    info = await direct.fit(first, tmp_path / "fits.mp4", 10_000_000)
    monkeypatch.delattr(media, "fit")  # nothing is there to do it again

    assert await direct.take_still(again) == still
    assert await direct.fit(again, tmp_path / "fits too.mp4", 10_000_000) == info == probe(tmp_path / "fits too.mp4")
