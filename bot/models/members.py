"""Members: who asks, and where; and how much is stored about one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.models._values import storable

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """A member in a place of a server: all that decides which rules hold.

    Attributes:
        name: what the member is called in the server; None where nobody needs it.
        places: the thread, the channel and the category, as far as there are any, the most particular first.
        manages_server: has Manage Server, and so is exempt from Discord's AutoMod.
    """

    guild_id: int
    member_id: int
    name: str | None = None
    role_ids: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    manages_server: bool = False

    def __post_init__(self) -> None:
        """Free the name of what can't be stored."""
        if self.name is not None:
            object.__setattr__(self, "name", storable(self.name))

    def in_no_place(self) -> Requester:
        """Return the same member wherever no pool is."""
        return replace(self, places=())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAbout:
    """What is stored about a member, in all servers together.

    Attributes:
        clips: that they asked for, whatever became of them; prompts: of how many of these the prompt is still kept.
        servers: in how many they did.
        entries: of the ledger, or sums of them.
        refusals: kept by servers' logs.
        changes: of the audit, about clips of theirs that moderators cancelled or removed.
        stills: pictures of their clips; favourites: marks that they have set.
        drafts: forms and commands that were refused, which are kept for an hour.
        brainstorms: in which they have started a round; brainstorm_entries: of servers' logs, about these.
        votes: for takes, also those that were taken back; previews: of brainstorms, which are kept for a day.
        blocks, quotas: that moderators have set for them.
        settings: of their own, for all servers.
        erasing_since: when they asked for everything up to then to be erased; None where nothing is left to do.
    """

    clips: int = 0
    prompts: int = 0
    servers: int = 0
    entries: int = 0
    refusals: int = 0
    changes: int = 0
    stills: int = 0
    favourites: int = 0
    drafts: int = 0
    brainstorms: int = 0
    brainstorm_entries: int = 0
    votes: int = 0
    previews: int = 0
    blocks: int = 0
    quotas: int = 0
    settings: int = 0
    erasing_since: datetime | None = None
