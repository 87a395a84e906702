"""How brainstorms are held in a server: what moderators may set, and what is written down of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import InvalidSettingError
from bot.models import ChangeKind, Server
from tests.support.workshop import GUILD_ID, MODERATOR_ID

if TYPE_CHECKING:
    from tests.support.workshop import Process, Workshop

OTHER_GUILD_ID, LOG_CHANNEL_ID, ROLE_ID = GUILD_ID + 1, 700, 40


async def change(
    process: Process, per_channel: object = 3, per_member: object = 1, role_id: int | None = None, *, own: bool = True
) -> Server:
    return await process.services.brainstorm_settings.change(
        GUILD_ID,
        per_channel=per_channel,
        per_member=per_member,
        voter_role_id=role_id,
        allows_own_votes=own,
        set_by_id=MODERATOR_ID,
    )


async def held(process: Process, guild_id: int = GUILD_ID) -> Server:
    return (await process.services.servers.view(guild_id)).server


async def test_what_is_set_holds_in_this_server_only_and_after_a_restart(workshop: Workshop) -> None:
    set_then = await change(workshop.start(), 20, 5, ROLE_ID, own=False)
    process = workshop.start()

    assert await held(process) == set_then
    assert set_then.brainstorm_details == {
        "per_channel": 20,
        "per_member": 5,
        "voter_role_id": ROLE_ID,
        "own_votes": False,
    }
    assert await held(process, OTHER_GUILD_ID) == Server(guild_id=OTHER_GUILD_ID)


async def test_a_change_is_in_the_audit_and_in_the_log_with_all_four(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, LOG_CHANNEL_ID, set_by_id=MODERATOR_ID)
    for _ in range(2):  # the second is as it was
        await change(process, 5, role_id=ROLE_ID)
    await process.log.tick()

    [found, _], count = await process.services.servers.list_changes(GUILD_ID, limit=9)
    before = {"per_channel": 3, "per_member": 1, "voter_role_id": None, "own_votes": True}
    assert (count, found.kind, found.made_by_id) == (2, ChangeKind.BRAINSTORMS, MODERATOR_ID)
    assert (found.before, found.after) == (before, before | {"per_channel": 5, "voter_role_id": ROLE_ID})
    assert workshop.log.cards[LOG_CHANNEL_ID][-1].change == found


async def test_the_role_of_everybody_is_no_role(workshop: Workshop) -> None:
    process = workshop.start()
    await change(process, role_id=ROLE_ID)

    assert (await change(process, role_id=GUILD_ID)).voter_role_id is None


@pytest.mark.parametrize("number", [0, -1, None, True, 3.0, "3", 10**30])
async def test_a_number_out_of_its_range_is_refused_and_changes_nothing(workshop: Workshop, number: object) -> None:
    process = workshop.start()

    for per_channel, per_member, field in (
        (number, 1, "brainstorms_per_channel"),
        (21, 1, "brainstorms_per_channel"),
        (3, number, "brainstorms_per_member"),
        (3, 6, "brainstorms_per_member"),
    ):
        with pytest.raises(InvalidSettingError) as caught:
            await change(process, per_channel, per_member, ROLE_ID)
        assert (caught.value.field, caught.value.reason) == (field, "out_of_range")
    assert await held(process) == Server(guild_id=GUILD_ID)
    assert await process.services.servers.list_changes(GUILD_ID, limit=9) == ([], 0)
