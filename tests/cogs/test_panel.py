"""The settings panel: it shows and changes everything, for moderators only, and stays true while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from simcord.components import walk_components

from bot.models import Aspect, JobState, Quota, QuotaSource
from cogs.panel import TOKEN_SECONDS
from tests.support.community import words

if TYPE_CHECKING:
    from simcord.results import InteractionResult

    from tests.support.community import Community


class Open:
    """A panel that a moderator has open."""

    def __init__(self, community: Community, opened: InteractionResult) -> None:
        self._community = community
        self.message = opened.response

    @property
    def text(self) -> str:
        return self._community.shown(self.message, self._community.moderator)

    async def go(self, section: str) -> None:
        """Go to a section, by way of the first page."""
        if "### Settings" not in self.text:
            await self.press("open:home:1")
        await self.choose("section", section)

    async def press(self, action: str) -> InteractionResult:
        return await self._community.moderator.click(self.message, custom_id=f"panel:{action}")

    async def choose(self, action: str, *values: Any) -> InteractionResult:  # noqa: ANN401 (handles or texts)
        return await self._community.moderator.select(self.message, list(values), custom_id=f"panel:{action}")

    async def fill(self, shown: InteractionResult, *values: str) -> InteractionResult:
        """Fill in the form that was shown, field by field, and send it."""
        fields = [part for part in walk_components(shown.modal["components"]) if "custom_id" in part]
        given = {
            field["custom_id"]: [value] if field["type"] == 3 else value
            for field, value in zip(fields, values, strict=False)
        }
        return await self._community.moderator.submit_modal(shown, given)


async def open_panel(community: Community, command: str = "settings") -> Open:
    return Open(community, await community.moderator.slash(community.channel, f"moderate {command}"))


def said(result: InteractionResult) -> str:
    """Return what was said beside the panel."""
    messages = [result.response, *result.followups]
    return " ".join(message.content for message in messages if message is not None and message.content)


async def test_the_first_page_shows_how_everything_stands(community: Community) -> None:
    await community.moderate("quota set", who=community.guild.default_role, seconds=30)
    await community.moderate("quota set", who=community.mia, seconds=60)
    await community.moderate("pool set", channel=community.operators, seconds=60)
    await community.moderate("cap set", seconds=600, period="week")
    await community.moderate("timezone", zone="Asia/Tokyo")
    await community.moderate("channels refuse", channel=community.operators)
    await community.moderate("rules add", kind="words", text="spoiler")
    await community.moderate("block", member=community.ben, reason="spam")
    await community.moderate("pause", reason="A flood")
    await community.keep_log()

    text = (await open_panel(community)).text

    assert "**Making clips**: **paused** by" in text
    for line in (
        "**Everyone**: 30 s per day; quotas of their own: 1",
        "**Pools**: 1 channel",
        "**Cap**: 600 s per week: 0 s used this week, 600 s left",
        "**Time zone**: Asia/Tokyo",
        "**Channels**: clips everywhere; 1 channel with rules of their own",
        "**Prompts**: 1 word or phrase, no patterns, 0 AutoMod rules",
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

    assert "**Making clips**: going on" in panel.text


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
    assert "mia" in str(panel_options(community, panel))
    await panel.choose("rule_clear:quotas", f"role:{role.id}")
    assert role.mention not in panel.text


def panel_options(community: Community, panel: Open) -> list[str]:
    [message] = [each for each in community.channel.history(viewer=community.moderator) if each.id == panel.message.id]
    parts = walk_components([component.to_dict() for component in message.components])
    return [option["label"] for part in parts for option in part.get("options", [])]


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
    await panel.press(f"open:channel:{community.guild.id}")
    await panel.press(f"access:{community.guild.id}:refused")
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

    assert "spoiler" not in panel.text


async def test_members_are_blocked_and_unblocked(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="A cat")
    panel = await open_panel(community)
    await panel.go("blocks")

    blocked = await panel.fill(await panel.choose("block_who", community.mia), "spam", "3")
    assert "1 waiting clip cancelled and refunded." in said(blocked)
    assert community.mia.mention in panel.text
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
    assert "video making paused or resumed" in panel.text
    await panel.go("jobs")
    assert "Nothing is on the way." in panel.text


async def test_an_open_panel_shows_what_others_change_meanwhile(community: Community) -> None:
    panel = await open_panel(community)
    other = await open_panel(community, "quota list")

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()

    assert "quotas of their own: 1" in panel.text
    assert f"{community.mia.mention}: 7 s per day" in other.text


async def test_a_panel_whose_time_is_up_is_left_as_it_is(community: Community) -> None:
    monotonic = community.bot.panel._monotonic
    panel = await open_panel(community)
    before = panel.text
    community.bot.panel._monotonic = lambda: monotonic() + TOKEN_SECONDS

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()

    assert panel.text == before


async def test_a_panel_that_cannot_be_changed_keeps_no_other_from_it(community: Community) -> None:
    closed, opened = await open_panel(community), await open_panel(community)
    before = closed.text
    community.env.inject_error("PATCH", "/webhooks/*/*/messages/@original", status=404, code=10015)

    await community.moderate("quota set", who=community.mia, seconds=7)
    await community.bot.panel.tick()

    assert sorted([closed.text == before, opened.text == before]) == [False, True]


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

    assert [said(answer) for answer in answers] == ["Only members with **Timeout Members** can do that."] * 3
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

    assert "**Making clips**: going on" in panel.text
