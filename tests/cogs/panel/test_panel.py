"""The settings panel: it shows and changes everything, for moderators only, and stays true while it is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.errors import StoreUnavailableError
from bot.models import Aspect, JobState, PromptRuleKind, Quota, QuotaSource
from bot.ui import replies
from bot.ui.messages.panel.parts import JOBS_PAGE_LENGTH
from bot.ui.text import panel as panel_text
from cogs import directory
from cogs.panel import panel as panel_module
from cogs.panel.panel import TOKEN_SECONDS
from tests.support.community import NO_FLOOD_LIMITS, words
from tests.support.panel import OpenPanel, open_panel, said, set_access, set_cap, set_pool, set_timezone

if TYPE_CHECKING:
    from tests.support.community import Community


NO_SUCH_USER: Any = SimpleNamespace(status=404, reason="Not Found")


async def test_the_first_page_shows_how_everything_stands(community: Community) -> None:
    await community.moderate("quota set", who=community.guild.default_role, seconds=30)
    await community.moderate("quota set", who=community.mia, seconds=60)
    await set_pool(community, community.operators, "60")
    await set_cap(community, "600", "week")
    await set_timezone(community, "Asia/Tokyo")
    await set_access(community, "refused", community.operators)
    await community.moderate("rules add", kind="words", text="spoiler")
    await community.moderate("block", member=community.ben, reason="spam")
    await community.moderate("pause", reason="A flood")
    await community.keep_log()

    text = (await open_panel(community)).text

    assert "**Clips**: **paused** by" in text
    for line in (
        "**Everyone**: 30 s per day; quotas of members or roles: 1",
        "**Pools**: 1 channel",
        "**Cap**: 600 s per week: 0 s used this week, 600 s left",
        "**Time zone**: Asia/Tokyo",
        "**Channels**: clips allowed; 1 channel with a rule of its own",
        "**Prompts**: 1 word or phrase, no patterns, no AutoMod keyword rules",
        "**Blocked**: 1 member",
        f"**Log**: {community.log_channel.mention}",
    ):
        assert line in text


async def test_video_making_is_paused_and_resumed(community: Community) -> None:
    panel = await open_panel(community)

    await panel.fill(await panel.press("pause"), "A flood")
    assert "paused** by" in panel.text
    assert (
        "“\u2068A flood\u2069”"
        in (await community.mia.slash(community.channel, "video", prompt="A cat")).response.content
    )
    await panel.press("resume")

    assert "**Clips**: allowed" in panel.text


async def test_quotas_of_members_roles_and_everyone_are_set_and_cleared(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    panel = await open_panel(community)
    await panel.go("quotas")

    await panel.fill(await panel.choose("quota_who", community.mia), "60", "week", "7")
    await panel.fill(await panel.choose("quota_who", role), "unlimited", "day")
    await panel.fill(await panel.press("quota_everyone"), "0", "month")

    rules = await community.bot.services.quotas.list_rules(guild_id=community.guild.id)
    assert [(rule.source, rule.quota.seconds, rule.quota.period, rule.expires_at is None) for rule in rules] == [
        (QuotaSource.SERVER, 0, "month", True),
        (QuotaSource.ROLE, None, "day", True),
        (QuotaSource.MEMBER, 60, "week", False),
    ]
    assert "mia" in str(panel.options)
    await panel.choose("rule_clear:quotas", f"role:{role.id}")
    assert f"- {role.mention}" not in panel.text
    assert f"{role.mention}: the quota is cleared; the next more general rule holds now." in panel.text


async def test_pools_are_given_and_cleared(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("pools")

    await panel.fill(await panel.choose("pool_channel", community.operators), "120", "week")
    assert f"{community.operators.mention}, shared pool: 120 s per week" in panel.text
    await panel.choose("rule_clear:pools", f"channel:{community.operators.id}")

    assert "No channel has a pool." in panel.text


async def test_the_cap_and_the_time_zone_are_set(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("cap")

    await panel.fill(await panel.press("cap_set"), "600", "month")
    await panel.fill(await panel.press("timezone"), "asia/tokyo")
    assert "Cap: 600 s per month" in panel.text
    assert "Time zone: Asia/Tokyo." in panel.text
    await panel.press("cap_clear")

    assert "Cap: none" in panel.text


async def test_channels_are_allowed_refused_and_given_defaults(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("channels")

    await panel.choose("channel", community.operators)
    channel_id = community.operators.id
    await panel.press(f"access:{channel_id}:refused")
    await panel.choose(f"aspect:{channel_id}", "portrait")
    await panel.choose(f"duration:{channel_id}", "10")
    assert f"{community.operators.mention}: no clips, Portrait 9:16, 10 s" in panel.text
    await panel.press(f"access:{channel_id}:none")
    await panel.choose(f"duration:{channel_id}", "none")
    view = await community.bot.services.servers.view(community.guild.id)
    assert [(rule.access, rule.aspect, rule.duration_seconds) for rule in view.channels] == [
        (None, Aspect.PORTRAIT, None)
    ]
    await panel.press("open:channels:1")
    await panel.press("open:channel:0")
    await panel.press("access:0:refused")
    assert "Everywhere else: no clips" in panel.text


async def test_prompt_rules_are_added_tested_and_removed(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("rules")

    await panel.fill(await panel.press("rule_add:words"), "spoiler")
    await panel.fill(await panel.press("rule_add:pattern"), "kn[i1]fe")
    assert "Word or phrase “\u2068spoiler\u2069”" in panel.text
    tested = await panel.fill(await panel.press("rule_test"), "a kn1fe")
    assert "is refused by: pattern" in said(tested)
    [rule, _] = (await community.bot.services.prompts.book(community.guild.id)).rules
    await panel.choose("rule_remove", str(rule.id))

    assert "- Word or phrase" not in panel.text
    assert "Removed: word or phrase “\u2068spoiler\u2069”" in panel.text


async def test_members_are_blocked_and_unblocked(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="A cat")
    panel = await open_panel(community)
    await panel.go("blocks")

    blocked = await panel.fill(await panel.choose("block_who", community.mia), "spam", "3")
    assert said(blocked) == ""
    assert "1 waiting clip cancelled; what that cost came back." in panel.text
    assert f"- {community.mia.mention} until <t:" in panel.text
    assert [job.state for job in await community.jobs()] == [JobState.CANCELLED]
    await panel.choose("unblock", str(community.mia.id))

    assert "Nobody is blocked." in panel.text


async def test_the_log_channel_is_chosen_and_its_trouble_shown(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("log")
    await panel.choose("log_channel", community.log_channel)
    assert f"Log: {community.log_channel.mention}" in panel.text

    community.env.inject_error("POST", "/channels/*/messages", status=404, code=10003)
    assert await community.log_cards() == []
    await community.bot.panel.tick()
    assert "**but I can't post there**" in panel.text, "without anybody pressing anything"
    await panel.choose("log_channel", community.log_channel)
    assert "can't post" not in panel.text
    await panel.press("log_clear")
    assert "Log: none" in panel.text


async def test_lists_are_reached_from_the_panel(community: Community) -> None:
    await community.moderate("pause", reason="A flood")
    panel = await open_panel(community)

    await panel.go("audit")
    assert "**Clips paused**" in panel.text
    await panel.go("jobs")
    assert "Nothing is on the way." in panel.text


async def test_an_open_panel_shows_what_others_change_meanwhile(community: Community) -> None:
    panel = await open_panel(community)
    other = await open_panel(community, section="quotas")

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()

    assert "quotas of members or roles: 1" in panel.text
    assert f"{community.mia.mention}: 7 s per day" in other.text


async def test_an_open_panel_shows_what_members_use_meanwhile(community: Community) -> None:
    await set_cap(community, "600")
    panel = await open_panel(community)

    await community.mia.slash(community.channel, "video", prompt="A cat")
    await community.bot.panel.tick()

    assert "6 s used today, 594 s left" in panel.text


async def test_what_changes_while_a_panel_is_shown_is_shown_then(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await open_panel(community)
    redraw = replies.redraw

    async def redraw_late(interaction: discord.Interaction, view: discord.ui.LayoutView) -> None:
        await community.bot.services.servers.pause(community.guild.id, "A flood", set_by_id=community.ben.id)
        await community.bot.panel.tick()
        await redraw(interaction, view)

    monkeypatch.setattr(replies, "redraw", redraw_late)
    await panel.press("open:home:1")
    assert "**Clips**: allowed" in panel.text
    await community.bot.panel.tick()

    assert "**paused** by" in panel.text


async def test_a_panel_is_left_alone_for_some_seconds_after_it_was_changed(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    community.bot.panel.seconds_between = 600.0
    panel = await open_panel(community)
    edit, edits, edited = discord.Interaction.edit_original_response, [], asyncio.Event()

    async def edit_and_say(interaction: discord.Interaction, **fields: Any) -> None:  # noqa: ANN401
        edits.append(await edit(interaction, **fields))
        edited.set()

    monkeypatch.setattr(discord.Interaction, "edit_original_response", edit_and_say)
    running = asyncio.create_task(community.bot.panel.run())
    for reason in ("The first", "The second", "The third", "The last"):
        await community.bot.services.servers.pause(community.guild.id, reason, set_by_id=community.ben.id)
        await edited.wait()
    assert len(edits) == 1

    community.bot.panel.stop()
    await running
    assert len(edits) == 2
    assert "The last" in panel.text


async def test_a_panel_whose_time_is_up_says_so_and_is_kept_true_again_once_used(community: Community) -> None:
    monotonic = community.bot.panel._monotonic
    panel = await open_panel(community)
    community.bot.panel._monotonic = lambda: monotonic() + TOKEN_SECONDS
    community.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=503, times=2)
    await community.bot.panel.tick()
    asleep = panel.text

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()
    assert panel.text == asleep
    assert "no longer kept up to date" in asleep

    await panel.press("open:home:1")
    await community.moderate("pause", reason="A flood")
    await community.bot.panel.tick()
    assert "**paused** by" in panel.text


async def test_of_too_many_panels_in_a_server_the_members_own_oldest_is_left_as_it_is(community: Community) -> None:
    await community.restart(flood_limits=replace(NO_FLOOD_LIMITS, open_panels=3))
    colleague = community.guild.add_member(community.env.create_user("max"), roles=[community.guild.roles["Mods"]])
    theirs = OpenPanel(community, await colleague.slash(community.channel, "moderate settings"))
    panels = [await open_panel(community) for _ in range(3)]
    await community.bot.panel.tick()
    assert len(community.bot.panel._open) == 3
    asleep = panels[0].text
    assert asleep.endswith(panel_text.ASLEEP)

    await community.moderate("pause", reason="A flood")
    await community.bot.panel.tick()

    assert panels[0].text == asleep
    assert all("paused" in panel.text for panel in panels[1:])
    assert "paused" in community.shown(theirs.message, colleague)


async def test_a_panel_that_is_left_as_it_is_works_as_before(community: Community) -> None:
    await community.restart(flood_limits=replace(NO_FLOOD_LIMITS, open_panels=1))
    first, second = await open_panel(community), await open_panel(community)
    await community.bot.panel.tick()

    await first.go("cap")
    await community.bot.panel.tick()

    assert "### Server cap" in first.text
    assert "no longer kept up to date" not in first.text
    assert "no longer kept up to date" in second.text


async def test_a_server_that_has_most_panels_makes_room_for_others(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_module, "MOST_OPEN", 3)
    crowd = [await open_panel(community) for _ in range(3)]
    elsewhere = community.env.create_guild("Elsewhere")
    moderators = elsewhere.create_role("Mods", permissions=discord.Permissions(moderate_members=True))
    other = elsewhere.add_member(community.env.create_user("olga"), roles=[moderators])

    await other.slash(elsewhere.create_text_channel("theirs"), "moderate settings")
    await community.bot.panel.tick()

    kept = [opened.interaction.guild_id for opened in community.bot.panel._open.values()]
    assert sorted(kept) == sorted([community.guild.id, community.guild.id, elsewhere.id])
    assert "no longer kept up to date" in crowd[0].text


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (404, 10015), (401, 50027)])
async def test_a_panel_that_is_gone_keeps_no_other_from_being_changed_and_is_left(
    community: Community, status: int, code: int
) -> None:
    closed, opened = await open_panel(community), await open_panel(community)
    before = closed.text
    community.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=status, code=code)

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()

    assert sorted([closed.text == before, opened.text == before]) == [False, True]
    assert len(community.bot.panel._open) == 1


@pytest.mark.parametrize(("status", "code"), [(404, 0), (404, 40333), (403, 0), (401, 0), (400, 50035), (500, 0)])
async def test_a_panel_that_could_not_be_changed_is_changed_the_next_time(
    community: Community, status: int, code: int
) -> None:
    panel = await open_panel(community)
    community.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=status, code=code)
    await community.moderate("pause", reason="A flood")
    await community.bot.panel.tick()

    await community.moderate("pause", reason="Another")
    await community.bot.panel.tick()

    assert "Another" in panel.text


async def test_a_panel_that_discord_holds_back_keeps_no_other_waiting(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, other = await open_panel(community), await open_panel(community)
    edit, released, others = discord.Interaction.edit_original_response, asyncio.Event(), asyncio.Event()
    first = next(iter(community.bot.panel._open.values())).interaction

    async def edit_slowly(interaction: discord.Interaction, **fields: Any) -> discord.InteractionMessage:  # noqa: ANN401
        if interaction is first:
            await released.wait()
        message = await edit(interaction, **fields)
        if interaction is not first:
            others.set()
        return message

    monkeypatch.setattr(discord.Interaction, "edit_original_response", edit_slowly)
    running = asyncio.create_task(community.bot.panel.run())
    for reason in ("A flood", "Another"):
        others.clear()
        await community.bot.services.servers.pause(community.guild.id, reason, set_by_id=community.moderator.id)
        await others.wait()
    assert ("Another" in other.text, "paused" in held.text) == (True, False)

    released.set()
    community.bot.panel.stop()
    await running
    assert "Another" in held.text


async def test_an_open_panel_shows_nothing_more_to_whoever_is_no_moderator_any_more(community: Community) -> None:
    panel = await open_panel(community, section="rules")
    cached = community.bot.get_guild(community.guild.id).get_role(community.guild.roles["Mods"].id)
    await cached.edit(permissions=cached.permissions.none())

    await community.bot.services.prompts.add(
        guild_id=community.guild.id, kind=PromptRuleKind.WORDS, text="secret", set_by_id=1
    )
    await community.bot.panel.tick()

    assert panel.text == "Only members with **Timeout Members** can see this."


async def test_what_was_refused_shows_what_was_in_the_way(community: Community) -> None:
    await community.moderate("rules add", kind="words", text="spoiler")
    panel = await open_panel(community, section="rules")
    other = await open_panel(community, section="rules")
    [rule] = (await community.bot.services.prompts.book(community.guild.id)).rules
    await panel.choose("rule_remove", str(rule.id))

    late = await other.choose("rule_remove", str(rule.id))

    assert "may have been removed meanwhile" in said(late)
    assert "No rules." in other.text
    await community.moderate("rules add", kind="words", text="another")
    await community.bot.panel.tick()
    assert "another" in other.text


async def test_a_late_change_by_itself_does_not_undo_where_somebody_went(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await open_panel(community)
    edit, held, released = discord.Interaction.edit_original_response, asyncio.Event(), asyncio.Event()

    async def edit_late(interaction: discord.Interaction, **fields: Any) -> discord.InteractionMessage:  # noqa: ANN401
        if not held.is_set():
            held.set()
            await released.wait()
        return await edit(interaction, **fields)

    monkeypatch.setattr(discord.Interaction, "edit_original_response", edit_late)
    await community.bot.services.servers.pause(community.guild.id, "A flood", set_by_id=community.ben.id)
    late = asyncio.create_task(community.bot.panel.tick())
    await held.wait()
    await panel.go("cap")
    released.set()
    await late
    await community.bot.panel.tick()

    assert "### Server cap" in panel.text


async def test_a_panel_outlives_a_database_that_does_not_answer(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await open_panel(community)
    await panel.fill(await panel.press("pause"), "A flood")

    async def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(community.bot.services.servers, "resume", fail)
        patched.setattr(community.bot.services.servers, "view", fail)
        assert "try again in a minute" in said(await panel.press("resume"))
    await set_cap(community, "77")
    await community.bot.panel.tick()

    assert "77 s per day" in panel.text


async def test_a_panel_outlives_what_nobody_foresaw(
    community: Community, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    panel = await open_panel(community)
    await community.moderate("pause", reason="A flood")
    with monkeypatch.context() as patched:
        patched.setattr(community.bot.services.servers, "view", fail)
        await community.bot.panel.tick()
    [line] = [record for record in caplog.records if record.getMessage() == "open panel not changed"]
    assert line.exc_info is not None

    await community.moderate("pause", reason="Another")
    await community.bot.panel.tick()

    assert "Another" in panel.text


async def test_a_clip_that_was_removed_meanwhile_leads_back_to_the_list(community: Community) -> None:
    job = await community.post_clip(community.mia, "A cat surfing")
    await community.post_clip(community.ben, "Another")
    panel = await open_panel(community)
    await panel.go("clips")
    await community.bot.services.jobs.remove_clip(job.id, guild_id=community.guild.id, removed_by_id=1, refunds=False)

    answer = await panel.press(f"open:clip:{job.id}")

    assert "<@1> already removed this clip" in said(answer)
    assert "### Posted clips" in panel.text
    assert "Another" in panel.text
    assert "A cat surfing" not in panel.text


async def test_a_note_stays_while_others_do_things(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("gifts")
    await panel.fill(await panel.choose("gift_who", community.mia), "60", "")

    await community.ben.slash(community.channel, "video", prompt="A cat")
    await community.bot.panel.tick()

    assert "got 60 s more" in panel.text


@pytest.mark.slow
async def test_what_was_on_the_last_page_and_is_gone_leads_to_the_page_before(community: Community) -> None:
    for _ in range(JOBS_PAGE_LENGTH + 1):
        await community.post_clip(community.mia)
    history = community.bot.services.history
    *_, last = await history.list_posted(community.guild.id, limit=JOBS_PAGE_LENGTH + 1)
    panel = await open_panel(community)
    await panel.go("clips")
    await panel.press("open:clips:2")
    assert len(clips_in(panel)) == 1

    jobs = community.bot.services.jobs
    await jobs.remove_clip(last.id, guild_id=community.guild.id, removed_by_id=community.ben.id, refunds=False)
    await community.bot.panel.tick()

    assert len(clips_in(panel)) == JOBS_PAGE_LENGTH


def clips_in(panel: OpenPanel) -> list[str]:
    return [each for each in panel.custom_ids if each.startswith("panel:open:clip:")]


async def test_what_is_done_on_a_page_stays_on_it_and_is_said(community: Community) -> None:
    for number in range(12):
        await community.moderate("rules add", kind="words", text=f"word{number}")
    panel = await open_panel(community, section="rules")
    await panel.press("open:rules:2")

    await panel.fill(await panel.press("rule_add:words"), "brandnew")

    assert "page 2 of 2" in panel.text
    assert "are refused now: word or phrase “\u2068brandnew\u2069”" in panel.text


async def test_seconds_are_given_and_taken_back(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("gifts")
    assert "No given seconds are left." in panel.text

    await panel.fill(await panel.choose("gift_who", community.mia), "1,000 s", "90")
    assert f"{community.mia.mention} got 1,000 s more until <t:" in panel.text
    assert f"- {community.mia.mention}: 1,000 s left, until <t:" in panel.text
    await community.mia.slash(community.channel, "video", prompt="A cat")
    [grant] = (await community.bot.services.servers.view(community.guild.id)).grants
    await panel.choose("gift_end", str(grant.id))

    assert f"{community.mia.mention}: 1,000 s taken back." in panel.text
    assert (await community.bot.services.servers.view(community.guild.id)).grants == []
    again = await panel.fill(await panel.choose("gift_who", community.mia), "many", "")
    assert "whole number" in said(again)
    changes, _ = await community.bot.services.servers.list_changes(community.guild.id, limit=9)
    assert [(change.before is None, change.after is None) for change in changes] == [(False, True), (True, False)]
    await panel.go("audit")
    assert f"{community.moderator.mention} took back from {community.mia.mention} 1,000 s" in panel.text


async def test_a_posted_clip_is_removed_from_the_panel_also_without_a_log(community: Community) -> None:
    job = await community.post_clip(community.mia, "A cat surfing")
    await community.post_clip(community.ben, "Another")
    panel = await open_panel(community)
    await panel.go("clips")
    assert "A cat surfing" in panel.text

    asked = await panel.press(f"open:clip:{job.id}")
    assert "A cat surfing" in str(asked.modal)
    assert len(await community.ledger()) == 2
    await panel.fill(asked, "yes")

    assert "“\u2068A cat surfing\u2069” is removed." in panel.text
    assert "Another" in panel.text
    assert job.message_id not in [message.id for message in community.channel.history()]
    assert await community.ledger() == [("charge", 6), ("charge", 6), ("refund", 6)]


LONG_PROMPT = "A fox that walks over the frozen lake at dawn while the fog lifts and a bell rings " * 2


async def test_lists_of_clips_lead_to_them_and_cut_prompts_at_the_line(community: Community) -> None:
    job = await community.post_clip(community.mia, LONG_PROMPT)
    await community.ben.slash(community.channel, "video", prompt=LONG_PROMPT)
    card_id = next(each.status_message_id for each in await community.jobs() if each.id != job.id)
    panel = await open_panel(community, section="clips")
    posted = panel.text
    await panel.go("jobs")
    on_the_way = panel.text
    await community.moderator.click(panel.message, label="Cancel")
    await panel.go("audit")

    cut = f"“\u2068{LONG_PROMPT[:99]}…\u2069”"
    place = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}"
    assert f"in {community.channel.mention} ([open]({place}/{job.message_id})), posted" in posted
    assert f"in {community.channel.mention} ([open]({place}/{card_id})), waiting" in on_the_way
    assert [cut in posted, cut in on_the_way, cut in panel.text] == [True] * 3


async def test_what_is_deleted_can_be_cleared_from_the_panel(community: Community) -> None:
    role, channel = community.guild.create_role("Patrons"), community.guild.create_text_channel("ideas")
    await community.moderate("quota set", who=role, seconds=6)
    await set_pool(community, channel, "60")
    await set_access(community, "refused", channel)
    await community.bot.get_guild(community.guild.id).get_role(role.id).delete()
    await community.bot.get_channel(channel.id).delete()
    panel = await open_panel(community)

    await panel.go("quotas")
    assert f"deleted ({role.id})" in panel.options
    await panel.choose("rule_clear:quotas", f"role:{role.id}")
    await panel.go("pools")
    assert f"deleted or archived ({channel.id})" in panel.options
    await panel.choose("rule_clear:pools", f"channel:{channel.id}")
    await panel.go("channels")
    await panel.choose("channel_known", str(channel.id))
    await panel.press(f"channel_reset:{channel.id}")

    view = await community.bot.services.servers.view(community.guild.id)
    assert (view.rules, view.channels) == ([], [])


async def test_names_are_asked_for_once_and_only_where_they_are_shown(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def fetch_user(user_id: int) -> discord.User:
        asked.append(user_id)
        if user_id == 1 and asked.count(1) == 1:
            raise OSError
        raise discord.NotFound(NO_SUCH_USER, {"code": 10013, "message": "Unknown User"})

    monkeypatch.setattr(community.bot, "fetch_user", fetch_user)
    for member_id in range(1, 13):
        await community.bot.services.servers.block(
            community.guild.id, member_id, reason="spam", days=None, set_by_id=community.moderator.id
        )
    panel = await open_panel(community)
    assert asked == []
    await panel.go("blocks")
    await panel.press("open:blocks:2")
    await panel.press("open:blocks:1")

    assert sorted(asked) == [1, *range(1, 13)]


async def test_names_that_are_not_kept_any_more_are_asked_for_again(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "_NAMES_KEPT", 0)
    await community.moderate("block", member=community.mia, reason="spam")
    panel = await open_panel(community, section="blocks")

    for _ in range(2):
        await panel.press("open:home:1")
        await panel.go("blocks")

    assert any("mia" in option for option in panel.options)


@pytest.mark.parametrize(
    ("section", "press", "values", "sentence"),
    [
        ("cap", "cap_set", ("-5", "day"), "can't be negative"),
        ("cap", "cap_set", ("many", "day"), "whole number"),
        ("cap", "cap_set", ("9" * 20, "day"), "at most 1,000,000 seconds"),
        ("cap", "timezone", ("Mars",), "don't know that time zone"),
        ("quotas", "quota_everyone", ("6", "day", "91"), "1 to 90 whole days"),
        ("quotas", "quota_everyone", ("6", "day", "soon"), "1 to 90 whole days"),
        ("rules", "rule_add:pattern", ("(",), "can't read that pattern"),
        ("rules", "rule_add:words", ("...",), "no word in that"),
        ("home", "pause", ("   ",), "Give a reason"),
    ],
)
async def test_senseless_values_get_one_sentence_and_change_nothing(
    community: Community, section: str, press: str, values: tuple[str, ...], sentence: str
) -> None:
    panel = await open_panel(community)
    if section != "home":
        await panel.go(section)
    before = panel.text

    answer = await panel.fill(await panel.press(press), *values)

    assert sentence in said(answer)
    assert panel.text == before
    assert await community.bot.services.servers.list_changes(community.guild.id, limit=9) == ([], 0)


async def test_whoever_lost_the_permission_can_change_nothing_with_the_open_panel(community: Community) -> None:
    panel = await open_panel(community)
    form = await panel.press("pause")
    cached = community.bot.get_guild(community.guild.id).get_role(community.guild.roles["Mods"].id)
    await cached.edit(permissions=cached.permissions.none())

    answers = [await panel.fill(form, "A flood"), await panel.press("open:home:1"), await panel.press("pause")]

    assert ["Only members with **Timeout Members** can do that." in said(answer) for answer in answers] == [True] * 3
    assert (await community.bot.services.servers.view(community.guild.id)).server.pause is None


async def test_the_panel_works_after_a_restart(community: Community) -> None:
    panel = await open_panel(community)
    await community.restart()

    await panel.go("cap")
    await panel.fill(await panel.press("cap_set"), "600", "day")

    view = await community.bot.services.servers.view(community.guild.id)
    assert view.server.cap == Quota(600)


async def test_discord_keeps_no_views_of_panels(community: Community) -> None:
    panel = await open_panel(community)
    await panel.go("quotas")

    assert list(community.bot.persistent_views) == []
    assert words(panel.message)


async def test_a_slow_database_is_acknowledged_first(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = await open_panel(community)
    await panel.fill(await panel.press("pause"), "A flood")
    community.hold_until_acknowledged(community.bot.services.servers, "resume", monkeypatch)

    await panel.press("resume")

    assert "**Clips**: allowed" in panel.text


async def test_a_panel_that_cannot_be_shown_is_logged_and_changes_nothing(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    community.env.inject_error("POST", "/interactions/*/*/callback", status=500, times=None)

    result = await community.moderator.slash(community.channel, "moderate settings")

    assert (result.response, list(result.followups)) == (None, [])
    assert "layout not shown" in caplog.messages
    requests = len(community.env.http_requests)
    await community.bot.services.servers.pause(community.guild.id, "A flood", set_by_id=community.ben.id)
    await community.bot.panel.tick()
    assert len(community.env.http_requests) == requests


async def test_a_panel_that_takes_long_to_read_is_shown_to_the_moderator_alone(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    community.hold_until_acknowledged(community.bot.services.servers, "view", monkeypatch)

    result = await community.moderator.slash(community.channel, "moderate settings")

    assert community.acknowledged_first(in_private=True)
    assert result.ephemeral
    assert "### Settings" in words(result.response)
