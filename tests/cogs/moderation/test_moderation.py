"""What moderators see of ``/moderate``, what members see of what they decided, and what is stored."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import pytest
from simcord.results import ResponseMessage

from bot.errors import CannotFitError
from bot.models import JobState
from tests.support.community import told, words
from tests.support.media import DirectMedia
from tests.support.panel import open_panel, set_access, set_cap, set_pool, set_timezone
from tests.support.panel import said as said_beside
from tests.support.rounds import start

if TYPE_CHECKING:
    from simcord.results import InteractionResult

    from bot.models.usage import BarChart
    from tests.support.community import Community

STRING, INTEGER, USER, CHANNEL = 3, 4, 6, 7


async def ask(community: Community, prompt: str = "A cat surfing", **where: Any) -> InteractionResult:  # noqa: ANN401
    return await community.mia.slash(where.get("channel", community.channel), "video", prompt=prompt)


async def refused(community: Community, prompt: str = "A cat surfing", **where: Any) -> str:  # noqa: ANN401
    """Ask for a clip that is refused; return what the member alone is told."""
    jobs, entries = await community.jobs(), await community.ledger()
    result = await ask(community, prompt, **where)
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    assert (await community.jobs(), await community.ledger()) == (jobs, entries)
    return told(result.response)


# Who may how much ------------------------------------------------------------------------------------------------


async def test_rules_can_end_and_say_when(community: Community) -> None:
    said = await community.moderate("quota set", who=community.mia, seconds=6, **{"for": 7})

    ends = int((community.clock.now() + timedelta(days=7)).timestamp())
    assert said == f"{community.mia.mention}: 6 s per day now (1 clip of 6 s), until <t:{ends}:f>."
    assert f"until <t:{ends}:f>" in (await open_panel(community, section="quotas")).text
    community.clock.time += timedelta(days=7)
    assert "until" not in (await open_panel(community, section="quotas")).text


async def test_setting_again_says_what_it_replaces_and_who_had_set_it(community: Community) -> None:
    await community.moderate("quota set", who=community.mia, seconds=6)

    said = await community.moderate("quota set", who=community.mia, unlimited=True)

    assert said == (f"{community.mia.mention}: no limit now. It was 6 s per day, set by {community.moderator.mention}.")


async def test_lengths_of_time_are_offered_in_words(community: Community) -> None:
    offered = await community.moderator.autocomplete(community.channel, "moderate quota set", "for", "")
    typed = await community.moderator.autocomplete(community.channel, "moderate quota set", "for", "45")
    nonsense = await community.moderator.autocomplete(community.channel, "moderate quota set", "for", "400")

    assert [choice["name"] for choice in offered][:2] == ["1 day", "3 days"]
    assert [(choice["name"], choice["value"]) for choice in typed] == [("45 days", 45)]
    assert nonsense == []


@pytest.mark.parametrize(("code", "logged"), [(40060, []), (10062, ["ERROR"])])
async def test_a_list_that_another_process_has_offered_is_no_error(
    community: Community, caplog: pytest.LogCaptureFixture, code: int, logged: list[str]
) -> None:
    community.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=code)
    focused = {"name": "for", "type": INTEGER, "value": "45", "focused": True}

    await community.forge(community.moderator, "moderate quota set", focused, kind=discord.InteractionType.autocomplete)

    assert [record.levelname for record in caplog.records] == logged


async def test_deleted_roles_are_shown_as_deleted_and_can_be_cleared(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    await community.moderate("quota set", who=role, seconds=6)
    cached_role = community.bot.get_guild(community.guild.id).get_role(role.id)
    await cached_role.delete()

    assert f"a deleted role (`{role.id}`): 6 s per day" in (await open_panel(community, section="quotas")).text
    [choice] = await community.moderator.autocomplete(community.channel, "moderate quota clear", "rule", "")
    assert choice["name"] == f"role: deleted ({role.id})"
    assert "a deleted" in await community.moderate("quota clear", rule=choice["value"])
    assert await community.moderator.autocomplete(community.channel, "moderate quota clear", "rule", "") == []


async def test_deleted_channels_are_shown_as_deleted_and_can_be_cleared(community: Community) -> None:
    channel = community.guild.create_text_channel("ideas")
    await set_pool(community, channel, "60")
    await set_access(community, "refused", channel)
    await community.bot.get_channel(channel.id).delete()
    name = f"deleted or archived ({channel.id})"

    panel = await open_panel(community, section="pools")
    assert name in panel.options
    await panel.choose("rule_clear:pools", f"channel:{channel.id}")
    assert "a deleted" in panel.note
    assert name not in panel.options

    await panel.go("channels")
    assert name in panel.options
    await panel.choose("channel_known", str(channel.id))
    await panel.press(f"channel_reset:{channel.id}")
    assert "a deleted" in panel.note
    await panel.go("channels")
    assert name not in panel.options


async def test_a_pool_is_shared_and_leaves_members_quotas_untouched(community: Community) -> None:
    said = await set_pool(community, community.channel, "12", "week")
    assert said == f"{community.channel.mention}, shared pool: 12 s per week now (2 clips of 6 s)."
    for member in (community.mia, community.ben):
        await member.slash(community.channel, "video", prompt="A cat surfing")

    here_pool = f"the pool of {community.channel.mention}"
    assert await refused(community) == (
        f"This clip costs 6 s, and {here_pool}, which this clip is charged to, has 0 s left. "
        f"It resets <t:{int(monday(community).timestamp())}:R>; in channels without a pool your own quota counts."
    )
    here = await community.mia.slash(community.channel, "quota")
    assert f"**0 s left in {here_pool} this week, no clip of 6 s**" in words(here.response)
    assert f"charged to the pool of {community.channel.mention}" in words(here.response)
    elsewhere = await community.mia.slash(community.operators, "quota")
    assert "**60 s left today" in words(elsewhere.response)


def monday(community: Community) -> Any:  # noqa: ANN401
    now = community.clock.now()
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0) + timedelta(days=7)


async def test_a_categorys_pool_holds_in_its_channels_and_their_threads(community: Community) -> None:
    category = community.guild.create_category("Ideas")
    channel = community.guild.create_text_channel("brainstorm", category=category)
    thread = await community.thread(channel)
    await set_pool(community, category, "60")

    for place in (channel, thread):
        await community.mia.slash(place, "video", prompt="A cat surfing")

    assert [job.effective_quota.subject_id for job in await community.jobs()] == [category.id] * 2


async def test_the_cap_holds_for_everybody_and_says_what_is_used(community: Community) -> None:
    await ask(community)
    said = await set_cap(community, "8")
    assert said.startswith("The whole server: 8 s per day: 6 s used today, 2 s left; resets <t:")

    assert "This server as a whole has only 2 s left today, too little for a clip." in await refused(community)
    quota = await community.mia.slash(community.channel, "quota")
    assert "This server as a whole has only 2 s left today, too little for a clip." in words(quota.response)

    said = await set_cap(community, "7")
    assert "No more clips can be made until then." in said
    panel = await open_panel(community, section="cap")
    await panel.press("cap_clear")
    assert panel.note == "This server has no cap now."
    await ask(community)


async def test_grants_for_some_days_say_until_when(community: Community) -> None:
    said = await community.moderate("quota grant", member=community.mia, seconds=12, **{"for": 3})

    ends = int((community.clock.now() + timedelta(days=3)).timestamp())
    assert said == (f"{community.mia.mention} got 12 s more until <t:{ends}:f>: 72 s left today, 12 clips of 6 s.")
    quota = await community.mia.slash(community.channel, "quota")
    assert f"12 s of that can be used until <t:{ends}:f>." in words(quota.response)


async def test_why_tells_every_source_in_the_order_it_is_asked(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    pat = community.guild.add_member(community.env.create_user("pat"), roles=[role])
    await community.moderate("quota set", who=role, seconds=30)
    await community.moderate("rules add", kind="words", text="spoiler")
    await set_cap(community, "600")
    await community.moderate("quota grant", member=pat, seconds=5)

    said = await community.moderate("quota why", member=pat, channel=community.operators)

    lines = said.splitlines()
    assert lines[0] == f"**{pat.mention} in {community.operators.mention}**, in the order I ask:"
    assert [line.partition(":")[0] for line in lines[1:6]] == [
        *("1. Paused", "2. Blocked", "3. Channel", "4. Clips on the way", "5. Quota")
    ]
    assert [line.removeprefix("  - ") for line in lines[6:-4]] == [
        f"pool of {community.operators.mention}: no rule",
        "the member's own: no rule",
        f"**role {role.mention}: 30 s per day, holds**",
        "everyone: no rule",
        "the bot's default: 60 s per day",
        f"0 s used today, 35 s left, 5 s of it given by moderators; resets {lines[-5].partition('resets ')[2]}",
    ]
    assert lines[-4].startswith("6. The server's cap: 600 s per day: 0 s used today, 600 s left")
    assert lines[-3] == "7. The operator's limits: none"
    assert lines[-2] == "8. The queue: 0 clips waiting in this server, of at most 50"
    assert lines[-1] == "9. Prompts: 1 word or phrase, no patterns, no AutoMod keyword rules"


async def test_why_names_what_stands_in_the_way(community: Community) -> None:
    await community.moderate("pause", reason="A flood of cats")
    await community.moderate("block", member=community.mia, reason="spam")
    await set_access(community, "refused")

    said = await community.moderate("quota why", member=community.mia)

    assert "1. Paused: **yes**, “\u2068A flood of cats\u2069”" in said
    assert "2. Blocked: **yes**, until a moderator ends it: “\u2068spam\u2069”" in said
    assert "3. Channel: **refused**, by the rule of the server" in said


# Where and how ---------------------------------------------------------------------------------------------------


async def test_channels_can_be_refused_and_allowed(community: Community) -> None:
    here = community.channel
    assert await set_access(community, "refused", here) == f"{here.mention}: no clips."
    assert await refused(community) == "Moderators allow no clips in this channel. Try another one."
    await ask(community, channel=community.operators)

    assert await set_access(community, "refused") == "Everywhere else: no clips."
    await refused(community, channel=community.operators)
    await set_access(community, "allowed", here)
    await ask(community)
    panel = await open_panel(community)
    await panel.go_to_channel(here)
    await panel.press(f"channel_reset:{here.id}")
    assert panel.note == f"{here.mention}: as its category or the server says."
    await refused(community)


async def test_a_channels_defaults_are_used_when_the_member_leaves_them_out(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go_to_channel(community.channel)
    await panel.choose(f"aspect:{community.channel.id}", "portrait")
    await panel.choose(f"duration:{community.channel.id}", "10")
    assert panel.note == f"{community.channel.mention}: Portrait 9:16, 10 s."

    left = await ask(community)
    said = await community.mia.slash(community.channel, "video", prompt="A cat", aspect="16:9", duration=6)

    assert "Portrait 9:16 · 10 s" in words(left.response)
    assert "Landscape 16:9 · 6 s" in words(said.response)


async def test_a_pause_refuses_with_its_reason_until_it_ends(community: Community) -> None:
    said = await community.moderate("pause", reason="**Maintenance** <@1>")
    assert "members are told: “\u2068\\*\\*Maintenance\\*\\* \\<\\@1\\>\u2069”" in said

    assert "paused video making in this server: “\u2068\\*\\*Maintenance" in await refused(community)
    assert await community.moderate("resume") == "Clips can be made again."
    await ask(community)


async def test_the_time_zone_is_found_by_its_city_and_decides_when_days_end(community: Community) -> None:
    said = await set_timezone(community, "new york")

    assert said == "Days, weeks and months now begin at midnight in America/New_York."
    quota = await community.mia.slash(community.channel, "quota")
    midnight = community.clock.now().replace(hour=5, minute=0) + timedelta(days=1)
    assert f"It resets <t:{int(midnight.timestamp())}:R>." in words(quota.response)


# Who not, what not -----------------------------------------------------------------------------------------------


async def test_what_no_database_can_store_is_not_read_from_a_command(community: Community) -> None:
    said = await community.moderate("block", member=community.mia, reason="sp\0am \ud83d!")

    assert "“\u2068spam !\u2069”" in said


async def test_a_blocked_member_is_told_why_and_until_when_and_what_waited_is_refunded(community: Community) -> None:
    await ask(community)

    said = await community.moderate("block", member=community.mia, reason="spam", **{"for": 1})

    ends = int((community.clock.now() + timedelta(days=1)).timestamp())
    assert said == (
        f"{community.mia.mention} can make no clips here until <t:{ends}:f>: “\u2068spam\u2069”. "
        "1 waiting clip cancelled; what that cost came back."
    )
    assert [job.state for job in await community.jobs()] == [JobState.CANCELLED]
    assert await community.ledger() == [("charge", 6), ("refund", 6)]
    assert await refused(community) == (
        f"Moderators have blocked you from making clips here until <t:{ends}:f>: “\u2068spam\u2069”."
    )
    assert await community.moderate("unblock", member=community.mia) == (
        f"{community.mia.mention} can make clips here again."
    )
    assert await community.moderate("unblock", member=community.mia) == f"{community.mia.mention} was not blocked."
    await ask(community)


async def test_a_refused_prompt_is_told_to_be_refused_and_not_which_word(community: Community) -> None:
    await community.moderate("rules add", kind="words", text="grass")
    await community.moderate("rules add", kind="pattern", text="kn[i1]fe")

    for prompt in ("Green GRÁSS", "a kn1fe"):
        assert await refused(community, prompt) == (
            "This server's rules refuse that prompt. Nothing was charged; try other words."
        )
    await ask(community, "grasshoppers")


async def test_rules_are_listed_tested_offered_and_removed(community: Community) -> None:
    said = await community.moderate("rules add", kind="words", text=" hot   dog ")
    assert said == "Prompts with this are refused now: word or phrase “\u2068hot dog\u2069”."
    await community.moderate("rules add", kind="pattern", text="d[o0]g")

    listed = (await open_panel(community, section="rules")).text
    assert f"- Word or phrase “\u2068hot dog\u2069”, set by {community.moderator.mention}" in listed
    assert "- Pattern “\u2068d\\[o0\\]g\u2069”" in listed
    tested = await community.moderate("rules test", prompt="a hot dog")
    assert tested.endswith("is refused by: word or phrase “\u2068hot dog\u2069”; pattern “\u2068d\\[o0\\]g\u2069”.")
    assert (await community.moderate("rules test", prompt="a cat")).startswith("No rule of this server refuses")
    [choice] = await community.moderator.autocomplete(community.channel, "moderate rules remove", "rule", "hot")
    assert "Removed: word or phrase" in await community.moderate("rules remove", rule=choice["value"])
    assert "There is no such rule; it may have been removed meanwhile." in await community.moderate(
        "rules remove", rule=choice["value"]
    )
    assert await community.jobs() == []


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("pattern", "(", "I can't read that pattern"),
        ("pattern", ".*", "would refuse nearly every prompt"),
        ("pattern", "a" * 6000, "at most 200 characters"),
        ("pattern", "((x?){30}){30}", "pattern"),
        ("words", "...", "no word in that"),
        ("words", "b" * 200, "at most 100 characters"),
        ("regex", "a", "choose words or a pattern"),
    ],
)
async def test_senseless_rules_get_one_sentence_and_change_nothing(
    community: Community, kind: str, text: str, sentence: str
) -> None:
    result = await community.forge(
        community.moderator,
        "moderate rules add",
        {"name": "kind", "type": STRING, "value": kind},
        {"name": "text", "type": STRING, "value": text},
    )

    assert result.ephemeral
    assert sentence in words(result.response)
    assert f"/moderate rules add kind:{kind} text:{text[:9]}" in words(result.response), "as it was typed"
    assert "No rules." in (await open_panel(community, section="rules")).text


@pytest.mark.parametrize("prompt", [12, True], ids=repr)
async def test_what_is_no_prompt_is_not_tested(community: Community, prompt: object) -> None:
    result = await community.forge(
        community.moderator, "moderate rules test", {"name": "prompt", "type": STRING, "value": prompt}
    )

    assert result.ephemeral
    assert "went wrong" not in told(result.response)
    assert "refuses" not in told(result.response)


async def test_the_servers_automod_rules_hold_for_prompts_as_well(community: Community) -> None:
    await community.bot.get_guild(community.guild.id).create_automod_rule(
        name="No swearing",
        event_type=discord.AutoModRuleEventType.message_send,
        trigger=discord.AutoModTrigger(keyword_filter=["darn*"], allow_list=["darning"]),
        actions=[discord.AutoModRuleAction()],
        enabled=True,
    )

    assert "This server's rules refuse that prompt." in await refused(community, "a darned sock")
    await ask(community, "darning a sock")
    assert "1 AutoMod keyword rule" in await community.moderate("settings")
    assert "AutoMod rule “\u2068No swearing\u2069”" in await community.moderate("rules test", prompt="darned")


async def test_without_manage_server_the_panel_says_so_and_the_rest_works(community: Community) -> None:
    community.env.inject_error("GET", "/guilds/*/auto-moderation/rules", status=403, code=50013, times=None)

    assert "AutoMod rules that I may not read (give me **Manage Server**)" in await community.moderate("settings")
    await ask(community)


# Looking ---------------------------------------------------------------------------------------------------------


async def test_use_is_summed_up_and_comes_as_tables_that_do_nothing_in_a_spreadsheet(community: Community) -> None:
    await community.post_clip(community.mia, "=HYPERLINK(1)")
    await community.post_clip(community.ben, '@SUM(A1), "quoted", ünï\ncode')

    result = await community.moderator.slash(community.channel, "moderate usage", period="month")

    said = told(result.response)
    assert said.startswith("**12 s used this month** (2026-03-01 to 2026-03-31, UTC)")
    assert "2 posted, 0 failed, 0 cancelled, 0 on the way; 0 refused" in said
    assert f"{community.mia.mention}: 6 s, 1 posted" in said
    assert community.pinged(result.response) == set()
    _, members, clips = [await table(attachment) for attachment in attachments(community, result)[1:]]
    assert [row["seconds_used"] for row in members] == ["6", "6"]
    assert [(row["member_id"], row["member_name"]) for row in members] == [
        *((str(actor.id), actor.name) for actor in (community.mia, community.ben))
    ]
    general = (str(community.channel.id), "general")
    assert [(row["channel_id"], row["channel_name"]) for row in clips] == [general] * 2
    assert [row["prompt"] for row in clips] == ['\'@SUM(A1), "quoted", ünï\ncode', "'=HYPERLINK(1)"]
    assert [(row["outcome"], row["charged_to"]) for row in clips] == [("posted", "member")] * 2


async def test_use_is_shown_as_a_chart_with_its_words_and_its_numbers(community: Community) -> None:
    await set_cap(community, "12 a day")
    for actor in (community.mia, community.ben):
        await community.post_clip(actor)

    result = await community.moderator.slash(community.channel, "moderate usage", period="week")

    assert result.ephemeral
    assert told(result.response).endswith(
        f"2 to 8 Mar 2026: 1 {community.mia.mention} 6 s · 2 {community.ben.mention} 6 s"
    )
    chart, days, *_ = attachments(community, result)
    assert (chart.filename, days.filename) == ("usage-week-2026-03-02-days.png", "usage-week-2026-03-02-days.csv")
    assert chart.description == (
        "Seconds of video a day, by member, 2 to 8 Mar 2026, UTC: 12 s in all. mia 6 s; ben 6 s. Most on 4 Mar 2026:"
        " 12 s. The cap is 12 s a day."
    )
    assert (await chart.read()).startswith(b"\x89PNG")
    assert [[row["day"], row["member_name"], row["seconds_used"]] for row in await table(days)] == [
        ["2026-03-04", "mia", "6"],
        ["2026-03-04", "ben", "6"],
    ]


async def test_use_is_shown_by_channel_when_that_is_chosen_and_takes_count_where_they_were_asked_for(
    community: Community,
) -> None:
    board = await start(community, community.mia)
    assert {job.channel_id for job in await community.jobs()} == {board.brainstorm.thread_id}

    result = await community.moderator.slash(community.channel, "moderate usage", by="channel")

    assert told(result.response).endswith(f"1 {community.channel.mention} 24 s")
    _, days, *_ = attachments(community, result)
    assert [(row["channel_id"], row["channel_name"]) for row in await table(days)] == [
        (str(community.channel.id), "general")
    ]


async def test_without_use_there_is_no_chart(community: Community) -> None:
    result = await community.moderator.slash(community.channel, "moderate usage", period="month")

    assert [attachment.filename.rpartition("-")[2] for attachment in attachments(community, result)] == [
        *("members.csv", "clips.csv")
    ]


async def test_a_chart_that_can_not_be_drawn_is_left_out_of_the_answer(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_media: DirectMedia, _chart: BarChart) -> bytes:
        raise CannotFitError("chart: exit code -9")

    monkeypatch.setattr(DirectMedia, "draw_chart", fail)
    await community.post_clip(community.mia)

    result = await community.moderator.slash(community.channel, "moderate usage")

    assert "**6 s used today**" in told(result.response)
    assert [attachment.filename.rpartition("-")[2] for attachment in attachments(community, result)] == [
        *("days.csv", "members.csv", "clips.csv")
    ]


async def test_what_use_is_not_told_by_is_refused(community: Community) -> None:
    result = await community.forge(
        community.moderator, "moderate usage", {"name": "by", "type": STRING, "value": "prompt"}
    )

    assert "choose members or channels" in words(result.response)


async def test_use_is_told_in_the_servers_own_days(community: Community) -> None:
    await set_timezone(community, "Asia/Tokyo")

    result = await community.moderator.slash(community.channel, "moderate usage", period="day")

    assert "**0 s used today** (2026-03-04, JST)" in told(result.response)
    assert {attachment.filename for attachment in attachments(community, result)} == {
        *("usage-day-2026-03-04-members.csv", "usage-day-2026-03-04-clips.csv")
    }


async def test_use_is_told_without_tables_where_discord_does_not_take_them(community: Community) -> None:
    community.env.inject_error("POST", "/interactions/*/*/callback", status=413, code=40005)

    result = await community.moderator.slash(community.channel, "moderate usage")

    assert "used today" in told(result.response)
    assert attachments(community, result) == []


async def test_use_begins_with_the_period_of_everyones_quota(community: Community) -> None:
    async def said() -> str:
        return (await community.moderator.slash(community.channel, "moderate usage")).response.content

    of_operator = await said()
    await community.moderate("quota set", who=community.mia, seconds=600, period="month")
    of_member = await said()
    await community.moderate("quota set", who=community.guild.default_role, seconds=60, period="week")
    of_server = await said()

    assert ["used today" in of_operator, "used today" in of_member, "used this week" in of_server] == [True] * 3


async def test_the_tables_have_the_names_that_members_had_last_and_channels_have_now(community: Community) -> None:
    await set_pool(community, community.channel, "600")
    job = await community.post_clip(community.mia)
    mia = await community.bot.get_guild(community.guild.id).fetch_member(community.mia.id)
    await mia.edit(nick="=Mia the Great")
    await community.post_clip(community.mia)
    await community.bot.get_channel(community.channel.id).edit(name="films")
    await community.bot.services.jobs.remove_clip(
        job.id, guild_id=community.guild.id, removed_by_id=community.mia.id, refunds=False
    )

    result = await community.moderator.slash(community.channel, "moderate usage")

    days, members, clips = [await table(attachment) for attachment in attachments(community, result)[1:]]
    assert [row["member_name"] for row in (*days, *members, *clips)] == ["'=Mia the Great"] * 4
    assert [row["channel_name"] for row in clips] == ["films"] * 2
    assert [row["charged_to"] for row in clips] == [f"pool {community.channel.id} films"] * 2
    assert [(row["removed_by"], row["removed_by_name"]) for row in clips] == [
        *(("", ""), (str(community.mia.id), "'=Mia the Great"))
    ]


async def test_quota_says_what_else_is_in_the_way(community: Community) -> None:
    async def said() -> str:
        return words((await community.mia.slash(community.channel, "quota")).response)

    assert (await said()).startswith("**60 s left today")
    await set_access(community, "refused", community.channel)
    assert (await said()).startswith("**Moderators allow no clips in this channel.")
    await community.moderate("block", member=community.mia, reason="spam")
    assert (await said()).startswith("**Moderators have blocked you")
    await community.moderate("pause", reason="A flood")
    assert (await said()).startswith("**Moderators have paused video making")
    assert "60 s left today" in await said()


async def test_a_categorys_pool_is_named_and_one_of_nothing_says_so(community: Community) -> None:
    await set_pool(community, community.channel, "0")

    said = await refused(community)

    assert said.startswith(f"No clips here: the pool of {community.channel.mention}")


@pytest.mark.parametrize("number", ["9223372036854775808", "99999999999999999999", "-1", "٣", "1e3", ""])
async def test_ids_that_nothing_has_are_refused(community: Community, number: str) -> None:
    for command, option, value in (
        ("rules remove", "rule", number),
        ("quota clear", "rule", f"role:{number}"),
        ("quota clear", "rule", f"channel:{number}"),
    ):
        assert "no such rule" in await community.moderate(command, **{option: value})


def attachments(community: Community, result: InteractionResult) -> list[discord.Attachment]:
    assert isinstance(result.response, ResponseMessage)
    [message] = [
        each for each in community.channel.history(viewer=community.moderator) if each.id == result.response.id
    ]
    return message.attachments


async def table(attachment: discord.Attachment) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((await attachment.read()).decode("utf-8-sig"), newline="")))


async def test_jobs_on_the_way_are_listed_with_a_button_to_cancel_each(community: Community) -> None:
    await ask(community, "The first")
    await ask(community, "The second")

    panel = await community.moderator.slash(community.channel, "moderate jobs")
    assert "“\u2068The first\u2069”" in words(panel.response)
    first, second = await community.jobs()
    cancelled = await community.moderator.click(panel.response, custom_id=f"panel:job_cancel:{second.id}:1")

    assert "waiting, asked" in words(cancelled.response)
    assert words(cancelled.response).endswith("The second\u2069” is cancelled; its 6 s came back.")
    assert [job.state for job in await community.jobs()] == [JobState.QUEUED, JobState.CANCELLED]
    assert await community.ledger() == [("charge", 6), ("charge", 6), ("refund", 6)]
    await community.mia.click(next(iter(community.channel.history())), custom_id=f"job:cancel:{first.id}")
    late = await community.moderator.click(panel.response, custom_id=f"panel:job_cancel:{first.id}:1")
    assert "already cancelled" in (late.followups or [late.response])[0].content


async def test_the_audit_shows_the_latest_changes_with_who_made_them(community: Community) -> None:
    for seconds in (6, 12):
        await community.moderate("quota set", who=community.guild.default_role, seconds=seconds)
    await community.moderate("pause", reason="A flood")
    panel = await open_panel(community, section="log")
    await panel.choose("log_channel", community.log_channel)

    audit = (await open_panel(community, section="audit")).text.splitlines()

    mo = community.moderator.mention
    assert [line.partition("> ")[2] for line in audit if line.startswith("- ")] == [
        f"**Log channel set** · {mo} set the log to {community.log_channel.mention} (before: none)",
        f"**Clips paused** · {mo} paused clips: “\u2068A flood\u2069”",
        f"**Quota set** · {mo} set the quota of everyone to 12 s per day (before: 6 s per day)",
        f"**Quota set** · {mo} set the quota of everyone to 6 s per day (before: none)",
    ]


# Who may all this ------------------------------------------------------------------------------------------------


def commands(community: Community) -> list[str]:
    return [name for name in community.moderator.available_commands(community.channel) if name.startswith("moderate")]


async def test_every_command_is_refused_to_members_whatever_their_client_sends(community: Community) -> None:
    known = commands(community)
    assert [name.removeprefix("moderate ") for name in sorted(known)] == [
        *("block", "diagnose", "jobs", "pause", "quota clear", "quota grant", "quota set", "quota why", "resume"),
        *("rules add", "rules remove", "rules test", "settings", "unblock", "usage"),
    ]

    for name in known:
        result = await community.forge(community.mia, name)
        assert told(result.response) == "Only members with **Timeout Members** can do that.", name


async def test_no_command_without_its_options_changes_anything(community: Community) -> None:
    await community.moderate("quota set", who=community.mia, seconds=6)
    await community.keep_log()
    before = await community.bot.services.servers.list_changes(community.guild.id, limit=9)

    for name in commands(community):
        result = await community.forge(community.moderator, name)
        assert result.ephemeral, name

    assert await community.bot.services.servers.list_changes(community.guild.id, limit=9) == before


@pytest.mark.parametrize(("command", "option"), [("quota clear", "rule"), ("rules remove", "rule")])
async def test_members_are_offered_nothing_of_what_moderators_decided(
    community: Community, command: str, option: str
) -> None:
    await community.moderate("quota set", who=community.mia, seconds=6)
    await set_pool(community, community.channel, "6")
    await set_access(community, "refused", community.operators)
    await community.moderate("rules add", kind="words", text="secret")
    focused = {"name": option, "type": STRING, "value": "", "focused": True}

    offered = [
        await community.forge(actor, f"moderate {command}", focused, kind=discord.InteractionType.autocomplete)
        for actor in (community.moderator, community.mia)
    ]

    assert [len(answer.autocomplete_choices or []) for answer in offered] == [1, 0]


async def test_the_log_cannot_be_sent_to_another_servers_channel(community: Community) -> None:
    elsewhere = community.env.create_guild("Elsewhere").create_text_channel("x")
    panel = await open_panel(community, section="log")

    result = await panel.choose_unchecked("log_channel", str(elsewhere.id), elsewhere)

    assert said_beside(result) == "That is not a channel of this server that I can see."
    view = await community.bot.services.servers.view(community.guild.id)
    assert view.server.log_channel_id is None


async def test_a_log_channel_that_is_closed_to_the_bot_is_refused(community: Community) -> None:
    closed = community.without("send_messages")
    panel = await open_panel(community, section="log")

    assert "give me View Channel and Send Messages" in said_beside(await panel.choose("log_channel", closed))


@pytest.mark.parametrize("denied", ["send_messages", "view_channel", "send_messages_in_threads"])
async def test_the_log_cannot_be_sent_where_the_moderator_may_not_post(community: Community, denied: str) -> None:
    overwrite = discord.PermissionOverwrite(**{denied: False})
    overwrites = {community.guild.roles["Mods"]: overwrite}
    channel = community.guild.create_text_channel("announcements", overwrites=overwrites)
    if denied == "send_messages_in_threads":
        channel = await community.thread(channel)
    panel = await open_panel(community, section="log")

    said = said_beside(await panel.choose_unchecked("log_channel", str(channel.id), channel))

    assert said == "You may not post in that channel, so I won't post there for you; choose another one."
    assert (await community.bot.services.servers.view(community.guild.id)).server.log_channel_id is None
    assert await community.bot.services.servers.list_changes(community.guild.id, limit=9) == ([], 0)


async def test_a_thread_whose_channel_is_not_known_yet_takes_no_log(community: Community) -> None:
    thread = await community.thread(community.channel)
    community.bot.get_guild(community.guild.id)._channels.pop(community.channel.id)
    panel = await open_panel(community, section="log")

    said = said_beside(await panel.choose("log_channel", thread))

    assert said == "That is not a channel of this server that I can see."


async def test_locked_database_changes_nothing_and_says_so(community: Community) -> None:
    cap, channel = await open_panel(community, section="cap"), await open_panel(community)
    await channel.go_to_channel(None)
    form = await cap.press("cap_set")

    with community.locked_database():
        answers = [
            await community.moderate("pause", reason="x"),
            said_beside(await cap.fill(form, "6", "day")),
            await community.moderate("rules add", kind="words", text="x"),
            await community.moderate("block", member=community.mia, reason="x"),
            said_beside(await channel.press("access:0:refused")),
        ]

    for answer in answers:
        assert "change anything just now" in answer
    assert await community.bot.services.servers.list_changes(community.guild.id, limit=9) == ([], 0)
