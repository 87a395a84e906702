"""The moderators' log through SIGKILL: each clip has one card, and its buttons go on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from discord import Permissions

from tests.support.acts import DOWN, UP, Act, Moments, Scene
from tests.support.discord_server import RouteKind
from tests.support.stage import Ending, Part

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Channel, Member, Message, Request
    from tests.support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOG, MODERATOR = "mod-log", "mo"


def _with_log(stage: Stage) -> dict[str, str]:
    world, guild = stage.server.world, stage.server.guild
    world.add_channel(guild, LOG)
    world.add_member(guild, MODERATOR, world.add_role(guild, "Mods", Permissions(moderate_members=True)))
    return {}


def _log_channel(part: Part) -> Channel:
    return next(channel for channel in part.stage.server.world.channels.values() if channel.name == LOG)


def _moderator(part: Part) -> Member:
    return next(member for member in part.stage.server.guild.members.values() if member.user.name == MODERATOR)


async def _keep_log(part: Part) -> None:
    """Choose the log's channel, which all parts share, in the settings panel."""
    server, moderator = part.stage.server, _moderator(part)
    answer = await server.slash(part.channel, moderator, "moderate settings")
    panel = await part.until(lambda: answer.response if "### Settings" in answer.text else None)
    await server.press(panel, "panel:section", moderator, "log")
    await part.until(lambda: "### Log" in panel.text)
    await server.press(panel, "panel:log_channel", moderator, _log_channel(part))
    await part.until(lambda: "goes to" in panel.text)


def _log_cards(part: Part) -> list[Message]:
    """Find the log's cards about this part's clip."""
    return [message for message in _log_channel(part).messages.values() if part.prompt in message.text]


def _posts_card(part: Part, request: Request) -> bool:
    return request.channel_id == _log_channel(part).id and part.prompt in str(request.body)


async def card_is_stored_but_unanswered(part: Part) -> Moments:
    await _keep_log(part)
    post = part.faults.hold(RouteKind.CREATE_MESSAGE, stored=True, where=lambda request: _posts_card(part, request))
    await part.ask()
    await post.arrived.wait()
    yield DOWN
    yield UP
    await part.ends()
    await _is_posted(part)


async def clip_is_removed_and_refunded_by_the_next_bot(part: Part) -> Moments:
    part.ending = Ending(removed=True)
    await _keep_log(part)
    await part.ask()
    await part.until(lambda: part.clips() and not part.cards())
    [card] = await part.until(lambda: _log_cards(part))
    yield DOWN
    yield UP
    await _remove_and_refund(part, card)
    await part.until(lambda: f"**Removed** by {_moderator(part).mention}" in card.text)


async def clip_is_deleted_but_the_bot_dies_before_it_is_written_down(part: Part) -> Moments:
    part.ending = Ending(removed=True)
    await _keep_log(part)
    await part.ask()
    await part.until(lambda: part.clips() and not part.cards())
    [card] = await part.until(lambda: _log_cards(part))
    deletion = part.faults.hold(
        RouteKind.DELETE_MESSAGE,
        stored=True,
        where=lambda request: part.concerns(request) and int(request.ids["message"]) == part.job["message_id"],
    )
    await _remove_and_refund(part, card)
    await deletion.arrived.wait()
    yield DOWN
    yield UP
    assert part.ledger == [("charge", 6)]
    await _remove_and_refund(part, card)
    await part.until(lambda: f"**Removed** by {_moderator(part).mention}" in card.text)


async def _remove_and_refund(part: Part, card: Message) -> None:
    """Press the card's button, and say yes to the question."""
    [row] = part.stage.rows("SELECT * FROM log_entries WHERE job_id = ?", part.job["id"])
    asked = await part.stage.server.press(card, f"log:refund:{row['id']}", _moderator(part))
    await part.stage.server.submit(asked)


async def _is_posted(part: Part) -> None:
    """Wait until the entry is noted as posted, which is after every search for its card."""
    await part.stage.bot.wait_for_log("log card posted", job_id=part.job["id"])
    assert len(_log_cards(part)) == 1
    [row] = part.stage.rows("SELECT * FROM log_entries WHERE job_id = ?", part.job["id"])
    assert (row["due_at"], row["message_id"]) == (None, _log_cards(part)[0].id)


# A card that is held back holds back those after it, so it has a stage of its own.
STORED = Act(scenarios=(card_is_stored_but_unanswered,), prepare=_with_log)
REMOVED = Act(
    scenarios=(
        clip_is_removed_and_refunded_by_the_next_bot,
        clip_is_deleted_but_the_bot_dies_before_it_is_written_down,
    ),
    prepare=_with_log,
)


@pytest.mark.parametrize("scene", [*STORED.scenes, *REMOVED.scenes], ids=lambda scene: scene.name)
async def test_the_log_is_right_after_sigkill_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
