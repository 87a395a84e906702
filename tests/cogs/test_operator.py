"""``/operator``: for whom the operator names, in the one server that they name, and for nobody else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import discord
import pytest
import pytest_asyncio

from bot.errors import NotOperatorError
from bot.models import JobState
from bot.models.operating import Operators
from bot.ui.text.operating.refusals import STRANGER
from tests.support.community import told, words

if TYPE_CHECKING:
    from tests.support.community import Community


@pytest_asyncio.fixture
async def theirs(community: Community) -> Community:
    """Give a community whose server is the operator's, who is Ben; its settings let all see the commands."""
    await restart(community, community.guild.id)
    [command] = await community.bot.tree.fetch_commands(guild=discord.Object(community.guild.id))
    members = (community.mia, community.ben, community.moderator)
    community.guild.set_command_permissions(command, dict.fromkeys(members, True))
    return community


async def restart(community: Community, server_id: int) -> None:
    await community.restart(operators=Operators(member_ids={community.ben.id}, server_id=server_id))


async def test_status_and_spend_are_told_to_the_operator_alone(theirs: Community) -> None:
    await theirs.mia.slash(theirs.channel, "video", prompt="a fox")

    status = await theirs.ben.slash(theirs.channel, "operator status")
    spend = await theirs.ben.slash(theirs.channel, "operator spend", days=3)

    assert status.ephemeral
    assert spend.ephemeral
    assert "1 queued" in words(status.response)
    assert words(status.response).startswith("```\n")
    assert "(UTC): 0 s" in words(spend.response)


async def test_the_operator_pauses_and_resumes_and_the_audit_names_them(theirs: Community) -> None:
    paused = await theirs.ben.slash(theirs.channel, "operator pause", reason="moving @everyone")
    again = await theirs.ben.slash(theirs.channel, "operator pause", reason="again")
    await theirs.mia.slash(theirs.channel, "video", prompt="a fox")
    await theirs.reelay.worker.tick()
    [job] = await theirs.jobs()
    assert job.state is JobState.QUEUED
    resumed = await theirs.ben.slash(theirs.channel, "operator resume")

    assert words(paused.response).startswith("Paused: ")
    assert told(again.response) == "New clips are paused already."
    assert words(resumed.response).startswith("Resumed: ")
    assert all(each.ephemeral for each in (paused, again, resumed))
    entries = await theirs.bot.services.operating.list_audit(10)
    by = f"member {theirs.ben.id}"
    assert [(it.action.value, it.made_by, it.reason) for it in entries] == [
        ("resume", by, None),
        ("pause", by, "moving @everyone"),
    ]


async def test_a_stranger_gets_one_sentence_and_nothing_else_even_a_moderator(theirs: Community) -> None:
    for member in (theirs.mia, theirs.moderator):
        for command, options in (("status", {}), ("spend", {}), ("pause", {"reason": "mine now"}), ("resume", {})):
            refused = await member.slash(theirs.channel, f"operator {command}", **options)
            assert (words(refused.response), refused.ephemeral) == (STRANGER, True)

    assert await theirs.bot.services.operating.list_audit(10) == []


async def test_an_operator_in_any_other_server_is_a_stranger(theirs: Community) -> None:
    elsewhere = discord.Object(theirs.guild.id + 1)
    [group] = theirs.bot.tree.get_commands(guild=theirs.guild)
    interaction = SimpleNamespace(user=discord.Object(theirs.ben.id), guild_id=elsewhere.id)

    with pytest.raises(NotOperatorError):
        await group.get_command("resume").callback(group, interaction)


async def test_only_the_operators_server_has_it_and_loses_it_when_it_is_another(community: Community) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    await restart(community, elsewhere.id)

    def names(guild_id: int) -> set[str]:
        commands = community.bot.tree.get_commands(guild=community.bot.get_guild(guild_id))
        return {command.name for command in commands}

    assert names(elsewhere.id) == {"operator"}
    assert names(community.guild.id) == set()
    assert "operator" not in {command.name for command in community.bot.tree.get_commands()}
