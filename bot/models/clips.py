"""Finished clips as their member finds them again, and what is on the way in a server."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import InvalidSettingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.models.jobs import Job

CLIPS_A_PAGE = 5
SEARCHED_MOST = 10_000
"""How many of a member's clips are searched, the newest first."""
SEARCH_MAX_CHARACTERS = 32
"""As UTF-16 has them: the text stands in custom ids, beside two ids, and they have 100."""
NEWEST = "z"
"""After all ids of jobs, which begin with the time."""


def parse_search(text: object) -> str:
    """Read what is searched for, as one line; nothing is no search.

    Raises:
        InvalidSettingError: when it is too long.
    """
    line = " ".join(str(text).split())
    if len(line.encode("utf-16-le")) > 2 * SEARCH_MAX_CHARACTERS:
        raise InvalidSettingError("search", "too_long")
    return line


def folded(text: str) -> str:
    """Return text as a search compares it: by small letters, in one line."""
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipQuery:
    """Which of a member's clips are looked for in a server.

    Attributes:
        text: what the prompt holds; empty is anything.
    """

    guild_id: int
    member_id: int
    favourites_only: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedClip:
    """A delivered clip with what is kept beside its job.

    Attributes:
        still: as WebP; None where there is none (any more).
    """

    job: Job
    still: bytes | None = None
    is_favourite: bool = False

    @property
    def was_removed_by_moderator(self) -> bool:
        """Tell whether somebody else than its member took it away."""
        return self.job.removed_at is not None and self.job.removed_by_id != self.job.member_id

    def can_be_sent(self, now: datetime) -> bool:
        """Tell whether the clip may be sent once more, and the video service still has the file as far as is known."""
        job = self.job
        is_kept = job.result_url is not None and (job.result_expires_at is None or now < job.result_expires_at)
        return is_kept and not self.was_removed_by_moderator


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPage:
    """Some of the clips that were looked for, newest first.

    A page begins at a clip and not at a number, so that clips that arrive meanwhile move nothing.

    Attributes:
        from_job_id: where it begins; ``NEWEST`` for the first page.
        newer_from, older_from: where the pages beside it begin; None where there is none.
    """

    query: ClipQuery
    clips: Sequence[ListedClip]
    from_job_id: str = NEWEST
    newer_from: str | None = None
    older_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerQueue:
    """What is on the way in a server.

    Attributes:
        waiting: in the order in which they start, each with its place among those of all servers.
        under_way: those that have started, oldest first.
    """

    waiting: Sequence[tuple[int | None, Job]]
    under_way: Sequence[Job]
