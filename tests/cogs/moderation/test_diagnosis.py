"""``/moderate diagnose``: what the bot may do in a channel, why a clip would be refused there, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.models import SpendPolicy
from tests.support.community import words
from tests.support.panel import OpenPanel, said, set_access, set_cap, set_pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle

    from tests.support.community import Community


async def diagnose(
    community: Community, channel: ChannelHandle | None = None, member: MemberActor | None = None
) -> OpenPanel:
    options = {"channel": channel, "member": member}
    given = {name: each for name, each in options.items() if each is not None}
    result = await community.moderator.slash(community.channel, "moderate diagnose", **given)
    assert result.ephemeral
    assert community.pinged(result.response) == set()
    return OpenPanel(community, result)


async def asked(community: Community, channel: ChannelHandle | None = None) -> str:
    """Return what Mia is told when she asks for a clip."""
    return words((await community.mia.slash(channel or community.channel, "video", prompt="A cat")).response)


def answers(panel: OpenPanel) -> dict[str, str]:
    """Return what is said of each thing that can be asked of the bot."""
    lines = [line.removeprefix("- ") for line in panel.text.splitlines() if line.startswith("- ")]
    return {thing: answer for thing, _, answer in (line.partition(": ") for line in lines)}


async def test_where_all_is_well_it_says_so_and_what_would_be_made(community: Community) -> None:
    await community.keep_log()

    panel = await diagnose(community)

    assert panel.text.splitlines() == [
        f"### What I may do in {community.channel.mention}",
        "- Post cards and clips: yes",
        "- Attach the videos: yes",
        "- Read the history, to post no clip twice: yes",
        "- Brainstorm in threads: yes",
        "- AutoMod: no AutoMod keyword rules",
        f"- The log: goes to {community.log_channel.mention}, where I may post",
        f"### A `/video` of {community.moderator.mention} there",
        "- It would be made: Landscape 16:9 · 6 s; 60 s left today, 10 clips of 6 s",
        "-# The words of a prompt may still be refused: `/moderate rules test` tells.",
    ]


@pytest.mark.parametrize(
    ("denied", "thing", "names"),
    [
        ("view_channel", "Post cards and clips", "**View Channel**"),
        ("send_messages", "Post cards and clips", "**Send Messages**"),
        ("attach_files", "Attach the videos", "**Attach Files**"),
        ("read_message_history", "Read the history, to post no clip twice", "**Read Message History**"),
        ("create_public_threads", "Brainstorm in threads", "**Create Public Threads**"),
        ("send_messages_in_threads", "Brainstorm in threads", "**Send Messages in Threads**"),
    ],
)
async def test_what_the_bot_may_not_do_is_said_with_what_to_give_it(
    community: Community, denied: str, thing: str, names: str
) -> None:
    panel = await diagnose(community, community.without(denied))

    assert answers(panel)[thing] == f"**no**, give me {names} there (*Edit Channel*, *Permissions*)"
    is_of_threads = thing.startswith("Brainstorm")
    assert ("It would be made" in panel.text) is is_of_threads
    assert ("I can't post videos here" in panel.text) is not is_of_threads


async def test_it_says_where_there_can_be_no_threads_and_that_a_thread_needs_none(community: Community) -> None:
    voice = community.guild.create_voice_channel("stage")
    thread = await community.thread(community.channel)

    in_voice, in_thread = await diagnose(community, voice), await diagnose(community, thread)

    assert answers(in_voice)["Brainstorm in threads"] == "**no**, there are no threads in a channel of this kind"
    assert answers(in_thread)["Brainstorm in threads"] == "yes"
    assert "It would be made" in in_thread.text


async def fill_open_jobs(community: Community) -> None:
    for _ in range(2):
        await asked(community)


async def use_up(community: Community) -> None:
    await community.moderate("quota set", who=community.mia, seconds=6)
    await asked(community)


REFUSALS: dict[str, tuple[Callable[[Community], Awaitable[object]], str]] = {
    "paused": (lambda community: community.moderate("pause", reason="A flood"), "Press *Resume*."),
    "blocked": (
        lambda community: community.moderate("block", member=community.mia, reason="spam"),
        "Press *Blocked members*, then *Unblock…*.",
    ),
    "channel": (lambda community: set_access(community, "refused", community.channel), "Press *Allow clips*."),
    "elsewhere": (lambda community: set_access(community, "refused"), "Press *Allow clips*."),
    "open jobs": (fill_open_jobs, "Press *Clips on the way*, to cancel some, or wait."),
    "used up": (use_up, "Press *Quotas*, to make it larger."),
    "too small": (
        lambda community: community.moderate("quota set", who=community.mia, seconds=5),
        "Press *Quotas*, to make it larger.",
    ),
    "pool": (
        lambda community: set_pool(community, community.channel, "5"),
        "Press *Channel pools*, to make it larger.",
    ),
    "cap": (lambda community: set_cap(community, "5"), "Press *Server cap and time zone*, to raise it."),
    "ceiling": (
        lambda community: community.restart(spending=SpendPolicy(max_seconds_per_day=5)),
        "Only the bot's operator can change that.",
    ),
}


@pytest.mark.parametrize(("decide", "mends"), REFUSALS.values(), ids=REFUSALS)
async def test_it_says_what_a_member_would_be_told_and_what_mends_it(
    community: Community, decide: Callable[[Community], Awaitable[object]], mends: str
) -> None:
    await decide(community)

    panel = await diagnose(community, member=community.mia)

    assert f"### A `/video` of {community.mia.mention} there\n- “" in panel.text
    told = await asked(community)
    assert f"- “{told}” {mends}" in panel.text


async def test_all_that_is_in_the_way_is_named_and_what_is_pressed_mends_it(community: Community) -> None:
    await set_access(community, "refused", community.channel)
    await community.moderate("pause", reason="A flood")
    panel = await diagnose(community, member=community.mia)
    assert ["paused video making" in panel.text, "no clips in this channel" in panel.text] == [True, True]

    await panel.press("resume")
    panel = await diagnose(community, member=community.mia)
    assert ["paused video making" in panel.text, "no clips in this channel" in panel.text] == [False, True]
    await panel.press(f"access:{community.channel.id}:allowed")

    assert "It would be made" in (await diagnose(community, member=community.mia)).text
    await asked(community)
    assert await community.ledger() == [("charge", 6)]


async def test_a_look_changes_nothing_and_counts_no_refusal(community: Community) -> None:
    await community.keep_log()
    await community.moderate("pause", reason="A flood")
    before = len(await community.log_cards())

    await diagnose(community, member=community.mia)

    assert len(await community.log_cards()) == before
    usage = await community.moderator.slash(community.channel, "moderate usage")
    assert "0 refused" in usage.response.content


async def test_what_discord_keeps_from_a_member_is_said_too_and_looked_at_again(community: Community) -> None:
    everyone, elsewhere = community.guild.default_role, community.log_channel
    await community.deny(everyone, elsewhere, use_application_commands=False)
    panel = await diagnose(community, elsewhere, community.mia)
    mends = f"Give {community.mia.mention} or a role of theirs **Use Application Commands** there"
    assert mends in panel.text

    await community.deny(everyone, elsewhere, use_application_commands=True)
    await panel.press(f"diagnose:{elsewhere.id}:{community.mia.id}")

    assert "It would be made" in panel.text


async def test_an_open_diagnosis_is_kept_true(community: Community) -> None:
    panel = await diagnose(community, member=community.mia)
    await community.moderate("pause", reason="A flood")

    await community.bot.panel.tick()

    assert "paused video making" in panel.text


@pytest.mark.parametrize("how", ["deleted", "closed", "none"])
async def test_a_log_that_does_not_arrive_is_said_and_led_to(community: Community, how: str) -> None:
    if how != "none":
        await community.keep_log()
    if how == "deleted":
        await community.bot.get_channel(community.log_channel.id).delete()
    if how == "closed":
        await community.deny(community.guild.roles[community.bot.user.name], community.log_channel, send_messages=False)

    panel = await diagnose(community)
    await panel.press("open:log:1")

    assert "### Log" in panel.text
    fault = f"**does not get to** {community.log_channel.mention}: give me **View Channel** and **Send Messages** there"
    said_of_log = answers(await diagnose(community))["The log"]
    assert said_of_log.startswith("none is kept" if how == "none" else fault)


@pytest.mark.parametrize(
    ("kind", "sentence"), [(4, "choose one of those"), (0, "not a channel of this server")], ids=["category", "foreign"]
)
async def test_only_places_of_the_server_where_clips_are_asked_for_are_looked_at(
    community: Community, kind: int, sentence: str
) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    place = community.guild.create_category("Films") if kind else elsewhere.create_text_channel("x")
    described = {"id": str(place.id), "name": "x", "type": kind, "permissions": "0", "position": 0}
    option = {"name": "channel", "type": 7, "value": str(place.id)}

    result = await community.forge(
        community.moderator, "moderate diagnose", option, resolved={"channels": {str(place.id): described}}
    )

    assert sentence in said(result)


async def test_who_has_left_is_not_looked_at_any_more(community: Community) -> None:
    panel = await diagnose(community, member=community.mia)
    community.guild.remove_member(community.mia)

    answer = await panel.press(f"diagnose:{community.channel.id}:{community.mia.id}")

    assert said(answer) == "That is no member of this server."


async def test_it_is_for_moderators_alone(community: Community) -> None:
    result = await community.forge(community.mia, "moderate diagnose")

    assert said(result) == "Only members with **Timeout Members** can do that."


async def test_rules_of_automod_that_were_never_read_are_said_to_keep_members_back(community: Community) -> None:
    community.env.inject_error("GET", "/guilds/*/auto-moderation/rules", status=503, times=None)

    panel = await diagnose(community, member=community.mia)

    assert "I can't read this server's rules for prompts just now." in panel.text
    assert "Wait a minute; if it stays so, give me **Manage Server**." in panel.text
    assert answers(panel)["AutoMod"] == "AutoMod rules that I can't read just now"


@pytest.mark.parametrize(("locked", "sentence"), [(True, "This thread is locked"), (False, "This thread is archived")])
async def test_a_closed_thread_is_said(community: Community, *, locked: bool, sentence: str) -> None:
    thread = await community.thread(community.channel)
    await community.bot.get_channel(community.channel.id).get_thread(thread.id).edit(archived=True, locked=locked)

    panel = await diagnose(community, thread)

    assert f"- “{sentence}" in panel.text
    assert "Open the thread again, or use another one." in panel.text
