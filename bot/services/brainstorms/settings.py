"""How brainstorms are held in a server: how many at once, and who votes; set by its moderators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.models import ChangeKind, check_brainstorms

if TYPE_CHECKING:
    from bot.models import Server
    from bot.services.moderation.audit_trail import AuditTrail


class BrainstormSettings:
    """Changes how brainstorms are held; what holds is read with the server's other settings."""

    def __init__(self, *, audit_trail: AuditTrail) -> None:
        self._audit_trail = audit_trail

    async def change(
        self,
        guild_id: int,
        *,
        per_channel: object,
        per_member: object,
        voter_role_id: int | None,
        allows_own_votes: bool,
        set_by_id: int,
    ) -> Server:
        """Set how brainstorms are held from now on; those that are open stay so.

        Args:
            per_channel: how many may be open at once in one channel, 1 to 20.
            per_member: how many of one member's may be open at once, 1 to 5.
            voter_role_id: of the only ones who vote, a role that the caller has seen to be this server's; None and the
                server's own id, which is the role @everyone's, are everybody.

        Raises:
            InvalidSettingError: when a number is none, or out of its range.
            StoreUnavailableError: when the database cannot be asked; nothing has changed then.
        """
        channel_most, member_most = check_brainstorms(per_channel, per_member)
        async with self._audit_trail.write(guild_id) as connection:
            return await self._audit_trail.change_settings(
                connection,
                guild_id,
                set_by_id,
                ChangeKind.BRAINSTORMS,
                lambda server: replace(
                    server,
                    brainstorms_per_channel=channel_most,
                    brainstorms_per_member=member_most,
                    voter_role_id=None if voter_role_id == guild_id else voter_role_id,
                    allows_own_votes=allows_own_votes,
                ),
                lambda server: server.brainstorm_details,
            )
