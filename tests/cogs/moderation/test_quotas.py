"""What moderators see of ``/moderate quota``, and what holds afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.models import Period, Quota, QuotaRule, QuotaSource, profile_of
from bot.store.quotas import rules as quota_rules
from bot.ui.messages.panel.parts import PAGE_LENGTH
from tests.support.community import words
from tests.support.panel import open_panel, set_cap, set_pool

if TYPE_CHECKING:
    from simcord.builders import ChannelHandle

    from tests.support.community import Community

MEMBER, ROLE, INTEGER, STRING, BOOLEAN = 9, 9, 4, 3, 5


def option(name: str, value: object, kind: int) -> dict[str, Any]:
    return {"name": name, "type": kind, "value": value}


async def rules(community: Community) -> list[QuotaRule]:
    async with community.database.read() as connection:
        return await quota_rules.list_for(connection, guild_id=community.guild.id, now=community.clock.now())


async def moderate(community: Community, command: str, **options: object) -> str:
    result = await community.moderator.slash(community.channel, f"moderate quota {command}", **options)
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    return words(result.response)


async def listed(community: Community) -> str:
    return (await open_panel(community, section="quotas")).text


async def test_set_confirms_what_now_holds_for_a_member(community: Community) -> None:
    said = await moderate(community, "set", who=community.mia, seconds=120, period="month")

    assert said == f"{community.mia.mention}: 120 s per month now (20 clips of 6 s)."
    [rule] = await rules(community)
    assert (rule.source, rule.subject_id, rule.quota, rule.set_by_id) == (
        QuotaSource.MEMBER,
        community.mia.id,
        Quota(120, Period.MONTH),
        community.moderator.id,
    )


async def test_everyone_stands_for_the_server_and_pings_nobody(community: Community) -> None:
    said = await moderate(community, "set", who=community.guild.default_role, seconds=12)

    assert said == "Everyone (the server's default): 12 s per day now (2 clips of 6 s)."
    [rule] = await rules(community)
    assert (rule.source, rule.subject_id) == (QuotaSource.SERVER, community.guild.id)


async def test_a_quota_that_is_less_than_any_clip_is_said_so_when_it_is_set_asked_about_and_refuses(
    community: Community,
) -> None:
    small = "5 s a day is less than the shortest clip, 6 s"

    said = await moderate(community, "set", who=community.guild.default_role, seconds=5)
    shown = await moderate(community, "set", who=community.guild.default_role)
    why = await moderate(community, "why", member=community.mia)
    refused = words((await community.mia.slash(community.channel, "video", prompt="A cat")).response)
    left = words((await community.mia.slash(community.channel, "quota")).response)

    assert said == f"Everyone (the server's default): 5 s per day now. **{small}**: no clips can be made of it."
    assert "5 s per day (**less than the shortest clip**), set by" in shown
    assert "5 s per day (**less than the shortest clip**)" in await listed(community)
    assert "everyone: 5 s per day (**less than the shortest clip**), holds" in why
    assert "5 s left; no clip ever fits" in why
    assert refused == f"Your quota here allows no clips: {small}. Ask a moderator for more."
    assert f"No clip can be made of it: {small}." in left
    assert not any("resets" in each for each in (said, why.partition("6. ")[0], refused, left))
    assert "**Everyone**: 5 s per day (**less than the shortest clip**)" in (await open_panel(community)).text


async def test_what_is_less_than_any_clip_goes_by_the_model(community: Community) -> None:
    await community.restart(profile=profile_of("gemini-omni-flash"))

    said = await moderate(community, "set", who=community.guild.default_role, seconds=5)
    await community.mia.slash(community.channel, "video", prompt="A cat")
    small = await moderate(community, "set", who=community.guild.default_role, seconds=3)

    assert said.endswith("5 s per day now (1 clip of 4 s).")
    assert "**3 s a day is less than the shortest clip, 4 s**" in small
    assert await community.ledger() == [("charge", 4)]


async def test_pools_and_the_cap_that_are_less_than_any_clip_are_said_so_too(community: Community) -> None:
    small = "5 s a week is less than the shortest clip, 6 s"

    pool_said = await set_pool(community, community.channel, "5", "week")
    pool_refused = words((await community.mia.slash(community.channel, "video", prompt="A cat")).response)
    await moderate(community, "set", who=community.mia, unlimited=True)
    cap_said = await set_cap(community, "5", "week")
    cap_refused = words((await community.mia.slash(community.log_channel, "video", prompt="A cat")).response)
    left = words((await community.mia.slash(community.log_channel, "quota")).response)

    assert f"5 s per week now. **{small}**: no clips can be made of it." in pool_said
    assert f"allows none, since {small}. In channels without a pool your own quota counts." in pool_refused
    assert cap_said == f"The whole server: 5 s per week. **{small}**: no clips can be made of it."
    assert cap_refused == f"No clips can be made in this server: its cap of {small}."
    assert cap_refused in left
    assert f"**Cap**: {small}, so no clips" in (await open_panel(community)).text
    assert not any("resets" in each for each in (pool_said, pool_refused, cap_said, cap_refused))


async def test_a_longer_clip_than_a_period_ever_gives_is_not_put_off_to_the_next(community: Community) -> None:
    async def refused(channel: ChannelHandle) -> str:
        return words((await community.mia.slash(channel, "video", prompt="A cat", duration=10)).response)

    await moderate(community, "set", who=community.guild.default_role, seconds=8)
    own = await refused(community.channel)
    await set_pool(community, community.channel, "9")
    pool = await refused(community.channel)
    await moderate(community, "set", who=community.mia, unlimited=True)
    await set_cap(community, "7")
    cap = await refused(community.log_channel)

    assert own == (
        "This clip costs 10 s, and your quota here is 8 s a day: choose a shorter one, or ask a moderator for more."
    )
    assert pool == (
        f"This clip costs 10 s, and the pool of {community.channel.mention}, which this clip is charged to, is 9 s a "
        "day: choose a shorter one. In channels without a pool your own quota counts."
    )
    assert cap == "This clip costs 10 s, and the cap of this server is 7 s a day: choose a shorter one."


async def test_role_can_be_unlimited(community: Community) -> None:
    role = community.guild.create_role("Patrons")

    said = await moderate(community, "set", who=role, unlimited=True)

    assert said == f"{role.mention}: no limit now."
    [rule] = await rules(community)
    assert (rule.source, rule.quota) == (QuotaSource.ROLE, Quota(None))


async def test_setting_again_replaces_the_rule(community: Community) -> None:
    await moderate(community, "set", who=community.mia, seconds=6)
    await moderate(community, "set", who=community.mia, seconds=12)

    assert [rule.quota for rule in await rules(community)] == [Quota(12)]


async def test_clear_says_whether_there_was_a_rule(community: Community) -> None:
    await moderate(community, "set", who=community.mia, seconds=6)

    assert "is cleared" in await moderate(community, "clear", who=community.mia)
    assert "no quota to clear" in await moderate(community, "clear", who=community.mia)
    assert await rules(community) == []


async def test_grant_confirms_what_is_left_and_is_in_the_ledger(community: Community) -> None:
    said = await moderate(community, "grant", member=community.mia, seconds=12)

    assert said == f"{community.mia.mention} got 12 s more today: 72 s left today, 12 clips of 6 s."
    assert await community.ledger() == [("grant", 12)]


@pytest.mark.parametrize("command", ["quota set", "quota clear", "settings", "quota grant"])
async def test_what_another_process_has_answered_is_neither_replaced_nor_said_twice(
    community: Community, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    caplog.set_level("DEBUG", logger="bot.ui")
    community.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=40060, times=None)
    options = {
        "quota set": {"who": community.mia, "seconds": 6},
        "quota clear": {"who": community.mia},
        "settings": {},
        "quota grant": {"member": community.mia, "seconds": 6},
    }[command]

    result = await community.moderator.slash(community.channel, f"moderate {command}", **options)

    assert (result.response, list(result.followups)) == (None, [])
    assert not any("/webhooks/" in sent.path for sent in community.env.http_requests)
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


async def test_list_shows_general_rules_first_and_only_this_servers(community: Community) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    other = elsewhere.add_member(
        community.env.create_user("else"),
        roles=[elsewhere.create_role("Mods", permissions=discord.Permissions(moderate_members=True))],
    )
    await other.slash(elsewhere.create_text_channel("x"), "moderate quota set", who=other, seconds=999)
    role = community.guild.create_role("Patrons")
    await moderate(community, "set", who=community.mia, seconds=6)
    await moderate(community, "set", who=role, unlimited=True)
    await moderate(community, "set", who=community.guild.default_role, seconds=0)

    by = f"set by {community.moderator.mention}"
    assert [line for line in (await listed(community)).splitlines() if line.startswith("- ")] == [
        f"- Everyone (the server's default): 0 s per day, {by}",
        f"- {role.mention}: unlimited, {by}",
        f"- {community.mia.mention}: 6 s per day, {by}",
    ]


async def test_list_still_shows_members_who_left(community: Community) -> None:
    await moderate(community, "set", who=community.ben, seconds=6)
    community.guild.remove_member(community.ben)

    assert community.ben.mention in await listed(community)


async def test_list_of_nothing_names_the_default(community: Community) -> None:
    assert "bot's default" in await listed(community)


async def test_long_list_has_pages(community: Community) -> None:
    widest = [10**18 + number for number in range(PAGE_LENGTH * 2 + 1)]
    async with community.database.write() as connection:
        for role_id in widest:
            quota = Quota(1_000_000, Period.MONTH)
            rule = QuotaRule(community.guild.id, QuotaSource.ROLE, role_id, quota, widest[0], community.clock.now())
            await quota_rules.put(connection, rule)

    panel = await open_panel(community, section="quotas")
    shown = [panel.text]
    for label in ("▶", "▶", "◀"):
        await community.moderator.click(panel.message, label=label)
        shown.append(panel.text)

    assert [text.count("deleted role") for text in shown] == [10, 10, 1, 10]
    assert ["page 1 of 3" in shown[0], "page 2 of 3" in shown[1], "page 3 of 3" in shown[2]] == [True] * 3
    assert shown[3] == shown[1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([option("seconds", -1, INTEGER)], "can't be negative"),
        ([option("seconds", 1_000_001, INTEGER)], "at most 1,000,000 seconds"),
        ([option("seconds", 10**30, INTEGER)], "at most 1,000,000 seconds"),
        ([option("seconds", 1.5, 10)], "whole number"),
        ([option("seconds", "60", STRING)], "whole number"),
        ([option("seconds", True, BOOLEAN)], "whole number"),
        ([option("seconds", 60, INTEGER), option("period", "year", STRING)], "choose day, week or month"),
        ([option("seconds", 60, INTEGER), option("period", 7, INTEGER)], "choose day, week or month"),
        ([option("seconds", 60, INTEGER), option("unlimited", True, BOOLEAN)], "not both"),
    ],
    ids=str,
)
async def test_senseless_quotas_get_one_sentence_and_change_nothing(
    community: Community, options: list[dict[str, Any]], sentence: str
) -> None:
    who = option("who", str(community.guild.id), ROLE)
    role = {"id": str(community.guild.id), "name": "@everyone", "permissions": "0", "position": 0, "color": 0}
    role |= {"hoist": False, "managed": False, "mentionable": False, "flags": 0}
    resolved = {"roles": {str(community.guild.id): role}}

    result = await community.forge(community.moderator, "moderate quota set", who, *options, resolved=resolved)

    assert result.ephemeral
    assert sentence in words(result.response)
    assert "/moderate quota set who:@everyone" in words(result.response), "as it was typed"
    assert await rules(community) == []


async def test_all_that_is_wrong_with_a_command_is_said_together_with_what_was_typed(community: Community) -> None:
    mia = str(community.mia.id)
    user = {"id": mia, "username": "mia", "discriminator": "0", "avatar": None}
    member = {"roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}

    result = await community.forge(
        community.moderator,
        "moderate quota set",
        option("who", mia, 6),
        option("seconds", -5, INTEGER),
        option("period", "fortnight", STRING),
        option("for", 999, INTEGER),
        resolved={"users": {mia: user}, "members": {mia: member}},
    )

    said = words(result.response)
    assert "Three things can't be set like that:" in said
    assert "“\u2068-5\u2069”: The seconds can't be negative." in said
    assert "“\u2068fortnight\u2069”: That period is not on offer; choose day, week or month." in said
    assert "Choose 1 to 90 whole days" in said
    assert "/moderate quota set who:@mia seconds:-5 period:fortnight for:999" in said
    assert await rules(community) == []


@pytest.mark.parametrize("seconds", [0, -5, 1_000_001, 2.5, "ten", None])
async def test_senseless_grants_get_one_sentence_and_change_nothing(community: Community, seconds: object) -> None:
    mia = str(community.mia.id)
    resolved = {
        "users": {mia: {"id": mia, "username": "mia", "discriminator": "0", "avatar": None}},
        "members": {
            mia: {"roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
        },
    }

    result = await community.forge(
        community.moderator,
        "moderate quota grant",
        option("member", mia, 6),
        option("seconds", seconds, INTEGER),
        resolved=resolved,
    )

    assert result.ephemeral
    assert "/moderate quota grant member:@mia" in words(result.response), "as it was typed"
    assert "went wrong" not in words(result.response)
    assert await community.ledger() == []


async def test_clear_of_a_rule_that_no_list_offers_gets_one_sentence(community: Community) -> None:
    await moderate(community, "set", who=community.mia, seconds=6)

    for rule in ("nobody:12", "member:somebody", "member:12", ""):
        result = await community.forge(community.moderator, "moderate quota clear", option("rule", rule, STRING))
        assert result.ephemeral
        assert "went wrong" not in words(result.response), rule
    assert len(await rules(community)) == 1


async def test_clear_of_nothing_shows_what_there_is_and_how_to_change_it(community: Community) -> None:
    assert (await moderate(community, "clear")).startswith("No quota is set.\nTo clear one, say `who` has it")
    await moderate(community, "set", who=community.mia, seconds=6)

    said = await moderate(community, "clear")

    assert said.startswith(f"{community.mia.mention}: 6 s per day, set by {community.moderator.mention}\nTo clear one")
    assert len(await rules(community)) == 1


async def test_clear_of_nothing_names_so_many_quotas_and_counts_the_rest(community: Community) -> None:
    for number in range(17):
        await community.bot.services.quotas.set_rule(
            guild_id=community.guild.id,
            source=QuotaSource.MEMBER,
            subject_id=1000 + number,
            quota=Quota(6, Period.DAY),
            set_by_id=community.moderator.id,
        )

    said = await moderate(community, "clear")

    assert said.count("6 s per day") == 15
    assert "… and 2 more: `/moderate settings` lists all." in said


async def test_set_without_seconds_shows_what_there_is_and_how_to_change_it(community: Community) -> None:
    said = await moderate(community, "set", who=community.mia)
    assert said == (
        f"{community.mia.mention}: no quota of its own.\nTo set it, say how many seconds, or choose unlimited."
    )
    await moderate(community, "set", who=community.mia, seconds=6)
    await moderate(community, "set", who=community.ben, seconds=10)

    said = await moderate(community, "set", who=community.mia, period="week", unlimited=False)

    assert said.startswith(f"{community.mia.mention}: 6 s per day, set by {community.moderator.mention}\nTo set it")
    assert [rule.quota.seconds for rule in await rules(community)] == [6, 10]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("moderate quota set", [option("who", "somebody", STRING), option("seconds", 6, INTEGER)]),
        ("moderate quota clear", [option("who", 12, INTEGER)]),
        ("moderate quota why", [option("member", "12", STRING)]),
        ("moderate quota why", [option("channel", "12", STRING)]),
        ("moderate quota grant", [option("member", "12", STRING), option("seconds", 6, INTEGER)]),
    ],
    ids=str,
)
async def test_subjects_that_are_neither_member_nor_role_get_one_sentence(
    community: Community, command: str, options: list[dict[str, Any]]
) -> None:
    result = await community.forge(community.moderator, command, *options)

    assert result.ephemeral
    assert "could not read that command" in result.response.content
    assert await rules(community) == []


@pytest.mark.parametrize("command", ["set", "clear", "why", "grant"])
async def test_members_without_the_permission_are_refused_whatever_their_client_sends(
    community: Community, command: str
) -> None:
    result = await community.forge(community.mia, f"moderate quota {command}")

    assert result.ephemeral
    assert result.response.content == "Only members with **Timeout Members** can do that."


async def test_command_is_hidden_from_members_without_the_permission(community: Community) -> None:
    assert not any("moderate" in name for name in community.mia.available_commands(community.channel))
    assert "moderate quota set" in community.moderator.available_commands(community.channel)


async def test_locked_database_changes_nothing_and_says_so(community: Community) -> None:
    with community.locked_database():
        said = await moderate(community, "set", who=community.mia, seconds=6)

    assert "change anything just now" in said
    assert await rules(community) == []
