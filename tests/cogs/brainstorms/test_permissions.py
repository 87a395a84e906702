"""What the bot has to be permitted where a brainstorm is asked for: all that is lacking is named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.community import told, words
from tests.support.rounds import IDEA, preview

if TYPE_CHECKING:
    from tests.support.community import Community


@pytest.mark.parametrize(
    ("lacking", "names"),
    [
        (("create_public_threads",), "**Create Public Threads** in this channel"),
        (("send_messages_in_threads",), "**Send Messages in Threads** in this channel"),
        (
            ("send_messages_in_threads", "create_public_threads", "attach_files"),
            "**Create Public Threads**, **Send Messages in Threads** and **Attach Files** in this channel",
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
async def test_permissions_the_bot_lacks_for_a_thread_are_all_named(
    community: Community, lacking: tuple[str, ...], names: str
) -> None:
    result = await preview(community, community.mia, community.without(*lacking))

    assert f"ask a moderator to give me {names}" in told(result.response)
    assert (await community.bot.services.privacy.describe(community.mia.id)).previews == 0


async def test_in_a_thread_none_has_to_be_made(community: Community) -> None:
    thread = await community.thread(community.channel)
    await community.deny(community.guild.roles[community.bot.user.name], create_public_threads=False)

    result = await preview(community, community.mia, thread, idea=IDEA)

    assert "A fox in the" in words(result.response)


async def test_a_clip_needs_no_permission_to_make_threads(community: Community) -> None:
    closed = community.without("create_public_threads", "send_messages_in_threads")

    await community.mia.slash(closed, "video", prompt="A cat")

    assert len(await community.jobs()) == 1
