"""When an upload has died often enough to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.services.clips.dying_uploads import LINK_AFTER, SMALL_UPLOAD_BYTES, DyingUploads
from tests.support.clocks import ServiceClock
from tests.support.toapis import ManualTime

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGE = SMALL_UPLOAD_BYTES + 1


def died(minutes: Sequence[float], *, is_heard: bool = True) -> DyingUploads:
    time = ManualTime()
    uploads = DyingUploads(ServiceClock(time))
    started = time.seconds
    for minute in minutes:
        time.seconds = started + minute * 60
        uploads.note("job")
        if is_heard:
            uploads.note_heard("job")
    return uploads


@pytest.mark.parametrize(
    ("minutes", "limit"),
    [
        ([], None),
        ([0], None),
        ([0, 61], None),
        ([0, 1, 9.9], None),
        ([0, 1, 10], SMALL_UPLOAD_BYTES),
        ([0, 10, 59.9], SMALL_UPLOAD_BYTES),
        ([0, 10, 60], 0),
    ],
)
def test_three_deaths_over_ten_minutes_want_a_smaller_file_and_an_hour_the_link(
    minutes: Sequence[float], limit: int | None
) -> None:
    assert died(minutes).limit("job", LARGE) == limit


def test_while_nothing_else_gets_through_either_it_is_not_the_file() -> None:
    assert died([0, 10, 60], is_heard=False).limit("job", LARGE) is None


def test_what_another_process_saw_dying_counts_from_then_on_and_is_tried_thrice_all_the_same() -> None:
    time = ManualTime()
    uploads, since = DyingUploads(ServiceClock(time)), ServiceClock(time).now()
    time.advance(LINK_AFTER.total_seconds())
    for limit in (None, None, 0):
        uploads.note("job", since)
        uploads.note_heard("job")
        assert uploads.limit("job", LARGE) == limit
    assert uploads.since("job") == since
    assert uploads.since("other") is None


def test_a_small_file_another_jobs_and_one_that_is_forgotten_stay_as_they_are() -> None:
    uploads = died([0, 10, 60])

    assert uploads.limit("job", SMALL_UPLOAD_BYTES) is None
    assert uploads.limit("other", LARGE) is None
    uploads.forget("job")
    assert uploads.limit("job", LARGE) is None
