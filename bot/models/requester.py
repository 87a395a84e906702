"""Who asks, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """A member in a place of a server: all that decides which rules hold.

    Attributes:
        places: the thread, the channel and the category, as far as there are any, the most particular first.
        manages_server: has Manage Server, and so is exempt from Discord's AutoMod.
    """

    guild_id: int
    member_id: int
    role_ids: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    manages_server: bool = False

    def in_no_place(self) -> Requester:
        """Return the same member wherever no pool is."""
        return replace(self, places=())
