"""Buttons, selects and forms: of messages from before this version, of forms from before a restart, and forged ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import ui

from bot.models import JobState, Quota, QuotaSource
from bot.ui.text import panel as panel_text
from tests.support.community import words
from tests.support.panel import OpenPanel, filled_in, open_panel, said, send_component

if TYPE_CHECKING:
    from collections.abc import Callable

    from simcord.actors import MemberActor
    from simcord.builders import ChannelHandle
    from simcord.results import InteractionResult

    from bot.models import Job
    from tests.support.community import Community

UNKNOWN = "I don't know that button, list or form any more: it is of an earlier version. Use the command again."
MODERATORS_ONLY = "Only members with **Timeout Members** can do that."


async def post(channel: discord.abc.Messageable, item: ui.Item[Any]) -> int:
    """Post an item as an earlier version has: this one knows nothing of it but its custom id."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.ActionRow(item)))
    view.stop()
    return (await channel.send(view=view)).id


async def used(community: Community, actor: MemberActor, item: ui.Item[Any], *chosen: Any) -> str:  # noqa: ANN401 (handles or texts)
    """Post an item and use it; return what is asked, said and shown then."""
    message_id = await post(community.bot.get_partial_messageable(community.channel.id), item)
    message = next(each for each in community.channel.history() if each.id == message_id)
    if isinstance(item, ui.Button):
        result = await actor.click(message, custom_id=item.custom_id)
    else:
        result = await actor.select(message, list(chosen), custom_id=item.custom_id)
    if result.modal is not None:
        return result.modal["title"]
    shown = next((each for each in community.channel.history() if each.id == message_id), None)
    answer = "" if result.response is None else words(result.response)
    return f"{said(result)}\n{answer}\n{'' if shown is None else words(shown)}"


def button(custom_id: str) -> ui.Button[Any]:
    return ui.Button(label="Press", custom_id=custom_id)


def select(custom_id: str, *values: str) -> ui.Select[Any]:
    return ui.Select(custom_id=custom_id, options=[discord.SelectOption(label=value, value=value) for value in values])


# Messages from before this version: their custom ids are written out, since they are out there --------------------


async def test_an_earlier_cards_button_cancels(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="A cat")
    [job] = await community.jobs()

    assert "Cancelled" in await used(community, community.mia, button(f"job:cancel:{job.id}"))
    assert await community.ledger() == [("charge", 6), ("refund", 6)]


@pytest.mark.parametrize(
    ("action", "words_then"),
    [
        ("remove", "Remove this clip?"),
        ("refund", "Remove this clip and refund it?"),
        ("block", "Block mia from making clips"),
        ("recent", "**The latest clips of"),
    ],
)
async def test_an_earlier_log_cards_buttons_work(community: Community, action: str, words_then: str) -> None:
    await community.keep_log()
    await community.post_clip(community.mia)

    assert words_then in await used(community, community.moderator, button(f"log:{action}:2"))


async def test_log_buttons_of_what_is_no_posted_clip_get_one_sentence_and_remove_nothing(community: Community) -> None:
    await community.keep_log()  # the log's first entry
    await community.post_clip(community.mia)
    await community.moderate("quota set", who=community.mia, seconds=0)
    await community.mia.slash(community.channel, "video", prompt="A cat")
    kinds = [words(card).splitlines()[0] for card in await community.log_cards()]
    assert ["Clip refused" in kind for kind in kinds] == [False, False, False, True]

    for custom_id in ("log:remove:4711", "log:refund:1", "log:recent:4711", "log:remove:4"):
        answer = await used(community, community.moderator, button(custom_id))
        assert "There is no such clip here to be removed." in answer, custom_id
    assert await community.ledger() == [("charge", 6)]


async def test_an_earlier_panels_ways_lead_to_every_section(community: Community) -> None:
    here = community.channel
    places = {
        "panel:open:home:1": "### Settings",
        "panel:open:quotas:2": "### Quotas",
        "panel:open:gifts:1": "### Given seconds",
        "panel:open:pools:1": "### Channel pools",
        "panel:open:cap:1": "### Server cap and time zone",
        "panel:open:channels:1": "### Channels",
        "panel:open:channel:0": "Everywhere else: clips allowed",
        f"panel:open:channel:{here.id}": f"{here.mention}: as its category or the server says",
        "panel:open:rules:3": "### Prompt rules",
        "panel:open:brainstorms:1": "### Brainstorming",
        "panel:open:blocks:1": "### Blocked members",
        "panel:open:log:1": "### Log",
        "panel:open:jobs:1": "### Clips on the way",
        "panel:open:clips:1": "### Posted clips",
        "panel:open:audit:1": "### Audit",
    }

    for custom_id, shown in places.items():
        assert shown in await used(community, community.moderator, button(custom_id)), custom_id
    for section in set(panel_text.TITLES) - {"home"}:
        chosen = await used(community, community.moderator, select("panel:section", section), section)
        assert f"### {panel_text.TITLES[section]}" in chosen


PRESSED: dict[str, str] = {
    "panel:pause": "Pause video making",
    "panel:resume": "Clips can be made again.",
    "panel:quota_everyone:1": "Quota of everyone",
    "panel:cap_set": "Cap of the whole server",
    "panel:cap_clear": "This server has no cap now.",
    "panel:timezone": "Time zone",
    "panel:access:0:refused": "Everywhere else: no clips.",
    "panel:access:0:allowed": "Everywhere else: clips allowed.",
    "panel:access:77:none": "a deleted channel or archived thread (`77`): as its category or the server says.",
    "panel:channel_reset:0": "Everywhere else: clips allowed.",
    "panel:rule_add:words:1": "Word or phrase",
    "panel:rule_add:pattern:2": "Pattern",
    "panel:rule_test": "Test a prompt",
    "panel:brainstorms_set:1": "Brainstorming",
    "panel:list_add:1": "New list of phrases",
    "panel:clip_buttons:requester": "The buttons under clips are for whoever asked for the clip only now",
    "panel:clip_buttons:everyone": "The buttons under clips are for everyone now",
    "panel:log_clear": "No log is kept any more",
    "panel:job_cancel:01k2m3n4p5q6r7s8:1": "There is no such clip in this server.",
    "panel:open:clip:01k2m3n4p5q6r7s8:1": "There is no such clip here to be removed.",
    "panel:set_up": "Set up",
}


async def test_an_earlier_panels_buttons_work(community: Community) -> None:
    for custom_id, then in PRESSED.items():
        assert then in await used(community, community.moderator, button(custom_id)), custom_id


async def test_an_earlier_panels_selects_work(community: Community) -> None:
    mia, here, role = community.mia, community.channel, community.guild.create_role("Patrons")
    mentionable, member, channel = ui.MentionableSelect[Any], ui.UserSelect[Any], ui.ChannelSelect[Any]
    for item, chosen, then in (
        (mentionable(custom_id="panel:quota_who:1"), mia, "Quota of mia"),
        (mentionable(custom_id="panel:quota_who:2"), role, "Quota of Patrons"),
        (channel(custom_id="panel:pool_channel:1"), here, "Pool of general"),
        (member(custom_id="panel:gift_who:1"), mia, "Seconds for mia"),
        (member(custom_id="panel:block_who:1"), mia, "Block mia from making clips"),
        (channel(custom_id="panel:channel"), here, f"{here.mention}: as its category or the server says"),
        (channel(custom_id="panel:log_channel"), here, f"The log goes to {here.mention} from now on."),
        *(
            (select(custom_id, value), value, then)
            for custom_id, value, then in (
                ("panel:rule_clear:quotas:1", f"member:{mia.id}", f"{mia.mention}: there was no quota to clear."),
                ("panel:rule_clear:pools:1", f"channel:{here.id}", f"{here.mention}: there was no quota to clear."),
                ("panel:gift_end:1", "5", "Nothing is left of that"),
                ("panel:channel_known", str(here.id), f"{here.mention}: as its category or the server says"),
                (f"panel:aspect:{here.id}", "portrait", f"{here.mention}: Portrait 9:16."),
                (f"panel:aspect:{here.id}", "landscape", f"{here.mention}: Landscape 16:9."),
                (f"panel:aspect:{here.id}", "none", f"{here.mention}: as its category or the server says."),
                (f"panel:duration:{here.id}", "10", f"{here.mention}: 10 s."),
                (f"panel:duration:{here.id}", "none", f"{here.mention}: as its category or the server says."),
                ("panel:rule_remove:1", "7", "There is no such rule"),
                ("panel:list_edit:1", "animals", "There is no such list"),
                ("panel:list_remove:1", "animals", "There is no such list"),
                ("panel:unblock:1", str(mia.id), f"{mia.mention} was not blocked."),
            )
        ),
    ):
        assert then in await used(community, community.moderator, item, chosen), item.custom_id


async def test_an_earlier_panel_cancels_and_asks_before_it_removes(community: Community) -> None:
    posted = await community.post_clip(community.mia)
    await community.ben.slash(community.channel, "video", prompt="A dog")
    waiting = next(job for job in await community.jobs() if job.state is JobState.QUEUED)

    for custom_id, then in (
        (f"panel:job_cancel:{waiting.id}:1", "is cancelled; its 6 s came back."),
        (f"panel:open:clip:{posted.id}:1", "Remove this clip?"),
    ):
        assert then in await used(community, community.moderator, button(custom_id)), custom_id
    assert [kind for kind, _ in await community.ledger()] == ["charge", "charge", "refund"]


# What this version shows ------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_everything_in_the_panel_names_a_function(community: Community) -> None:
    await community.keep_log()
    job = await fill_panel(community)
    panel = await open_panel(community)
    shown = set(panel.custom_ids)
    for section in panel_text.TITLES:
        await panel.go(section) if section != "home" else None
        shown |= set(panel.custom_ids)
    await panel.go_to_channel(community.operators)
    shown |= set(panel.custom_ids)
    await panel.go("clips")
    await panel.press(f"open:clip:{job.id}")
    shown |= set(panel.custom_ids)
    diagnosed = await community.moderator.slash(community.channel, "moderate diagnose")
    shown |= set(OpenPanel(community, diagnosed).custom_ids)

    found = {custom_id: community.bot.components.find(custom_id) for custom_id in shown}
    assert [custom_id for custom_id, component in found.items() if component is None] == []
    used_here = {component[0] for component in found.values() if component is not None}
    # All but what needs an earlier choice: while nothing is paused there is nothing to resume.
    known = {template for template in community.bot.components.templates if template.startswith("panel:")}
    assert known - used_here == {"panel:resume"}


async def fill_panel(community: Community) -> Job:
    """Let there be something in every list."""
    services, guild_id, by = community.bot.services, community.guild.id, community.moderator.id
    for source, subject_id in ((QuotaSource.MEMBER, community.mia.id), (QuotaSource.CHANNEL, community.operators.id)):
        await services.quotas.set_rule(
            guild_id=guild_id, source=source, subject_id=subject_id, quota=Quota(60), set_by_id=by
        )
    await community.moderate("quota grant", member=community.ben, seconds=6)
    await community.moderate("rules add", kind="words", text="spoiler")
    await services.phrase_lists.add(guild_id, "animals", "cat\ndog", set_by_id=by)
    await community.moderate("block", member=community.ben, reason="spam")
    panel = await open_panel(community)
    await panel.go_to_channel(community.operators)
    await panel.press(f"access:{community.operators.id}:refused")
    job = await community.post_clip(community.mia)
    await community.mia.slash(community.channel, "video", prompt="A dog")
    return job


# Forms ------------------------------------------------------------------------------------------------------------

FORMS: dict[str, tuple[str, str, Callable[[Community], Any] | None, tuple[str, ...], str]] = {
    "pause": ("home", "pause", None, ("A flood",), "No new clips for now; members are told: “\u2068A flood\u2069”."),
    "everyone's quota": ("quotas", "quota_everyone", None, ("12", "week", ""), "12 s per week now"),
    "a member's quota": ("quotas", "quota_who", lambda it: it.mia, ("60", "day", "7"), "60 s per day now"),
    "a role's quota": ("quotas", "quota_who", lambda it: it.guild.roles["Mods"], ("unlimited", "day"), "no limit now"),
    "a pool": ("pools", "pool_channel", lambda it: it.operators, ("60", "month"), "shared pool: 60 s per month now"),
    "seconds": ("gifts", "gift_who", lambda it: it.mia, ("12", ""), "got 12 s more today: 72 s left today"),
    "the cap": ("cap", "cap_set", None, ("600", "day"), "The whole server: 600 s per day"),
    "the time zone": ("cap", "timezone", None, ("Asia/Tokyo",), "begin at midnight in Asia/Tokyo"),
    "words": ("rules", "rule_add:words", None, ("spoiler",), "are refused now: word or phrase “\u2068spoiler\u2069”"),
    "a pattern": ("rules", "rule_add:pattern", None, ("kn[i1]fe",), "are refused now: pattern"),
    "a test": ("rules", "rule_test", None, ("a cat",), "No rule of this server refuses “\u2068a cat\u2069”."),
    "brainstorming": (
        "brainstorms",
        "brainstorms_set",
        None,
        ("5", "2", "", "no"),
        "5 at once in a channel, 2 of each",
    ),
    "a list": (
        "brainstorms",
        "list_add",
        None,
        ("animals", "cat\ndog"),
        "`{animals}`, 2 phrases: “\u2068cat, dog\u2069”",
    ),
    "a block": ("blocks", "block_who", lambda it: it.mia, ("spam", "3"), "can make no clips here until <t:"),
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_is_taken_after_a_restart(community: Community, name: str) -> None:
    section, action, choice, values, then = FORMS[name]
    panel = await open_panel(community, section=None if section == "home" else section)
    form = await (panel.press(action) if choice is None else panel.choose(action, choice(community)))
    assert community.bot._connection._view_store._modals == {}
    await community.restart()

    sent = await panel.fill(form, *values)

    assert then in f"{said(sent)}\n{panel.note}"


async def test_seconds_are_given_by_the_roles_that_the_member_has(community: Community) -> None:
    role = community.guild.create_role("Patrons")
    pat = community.guild.add_member(community.env.create_user("pat"), roles=[role])
    await community.moderate("quota set", who=role, seconds=30)
    panel = await open_panel(community, section="gifts")

    await panel.fill(await panel.choose("gift_who", pat), "6", "")

    assert panel.note == f"{pat.mention} got 6 s more today: 36 s left today, 6 clips of 6 s."


async def test_a_log_cards_form_is_taken_after_a_restart(community: Community) -> None:
    await community.keep_log()
    await community.post_clip(community.mia)
    card = (await community.log_cards())[-1]
    form = await community.moderator.click(card, label="Block member…")
    await community.restart()

    await community.moderator.submit_modal(form, filled_in(form, "spam", "7"))

    assert f"**Blocked** by {community.moderator.mention}" in community.shown(card, community.moderator)


async def test_a_form_of_an_earlier_version_gets_a_sentence(community: Community) -> None:
    data = {"custom_id": "5d41402abc4b2a76b9719d911017c592", "components": []}

    result = await community.moderator._dispatch_interaction(5, community.channel, data)

    assert (result.ephemeral, result.response.content) == (True, UNKNOWN)


async def test_a_form_without_its_fields_gets_a_sentence_and_changes_nothing(community: Community) -> None:
    for custom_id in ("form:pause", "form:cap", "form:timezone", f"form:block:{community.mia.id}:1"):
        data = {"custom_id": custom_id, "components": [{"type": 18, "component": {"type": 99}}, {}]}
        result = await community.moderator._dispatch_interaction(5, community.channel, data)
        assert "went wrong" not in said(result)
        assert said(result).count(".") == 1

    assert await community.bot.services.servers.list_changes(community.guild.id, limit=9) == ([], 0)


# Forged -----------------------------------------------------------------------------------------------------------


async def test_custom_ids_that_name_nothing_get_one_sentence(community: Community) -> None:
    for custom_id in (
        *("job:cancel:../x", "job:explode:01k2m3n4p5q6r7s8", "log:remove:x", "log:keep:1", "log:remove:" + "9" * 20),
        *("panel:nothing", "panel:open:channel:9223372036854775808", "panel:access:1:maybe", "panel:rule_add:x:1"),
        *("somebody:else", "form:pause:1", "x"),
    ):
        answer = await used(community, community.moderator, button(custom_id))
        assert answer.splitlines()[0] == UNKNOWN, custom_id


EXAMPLES = {"job_id": "01k2m3n4p5q6r7s8", "page": "1", "section": "quotas"}


def example(template: str) -> str:
    """Return a custom id of a shape."""

    def value(match: re.Match[str]) -> str:
        return match["choices"].partition("|")[0] if match["choices"] else EXAMPLES.get(match["name"], "12")

    return re.sub(r"\{(?P<name>\w+)(?::(?P<choices>[a-z|]+))?\}", value, template)


async def test_all_that_moderators_do_is_refused_to_members_whatever_their_client_sends(community: Community) -> None:
    of_members = ("job:", "clip:", "form:clip_", "draft:", "quota:", "privacy:", "preview:", "round:", "brainstorms:")
    of_members += ("form:preview_", "form:round_")
    templates = [each for each in community.bot.components.templates if not each.startswith(of_members)]
    assert len(templates) > 40
    message = await community.mia.slash(community.channel, "video", prompt="A cat")

    for template in templates:
        custom_id = example(template)
        if template.startswith("form:"):
            data = {"custom_id": custom_id, "components": []}
            result = await community.mia._dispatch_interaction(5, community.channel, data)
        else:
            result = await press_unchecked(community, community.mia, message, custom_id)
        assert said(result) == MODERATORS_ONLY, custom_id


async def press_unchecked(
    community: Community, actor: MemberActor, result: InteractionResult, custom_id: str
) -> InteractionResult:
    """Press a button that is in a message only because somebody says so."""
    stored = community.env.backend.get_message(community.channel.id, result.response.id)
    stored.components = [{"type": 1, "components": [{"type": 2, "style": 2, "label": "x", "custom_id": custom_id}]}]
    data = {"custom_id": custom_id, "component_type": 2}
    return await send_component(community, actor, result.response, data)


# Direct messages --------------------------------------------------------------------------------------------------


async def test_in_direct_messages_the_server_is_that_of_the_job(community: Community) -> None:
    await community.mia.slash(community.channel, "video", prompt="A cat")
    [job] = await community.jobs()

    assert "Only the member who asked" in await used_in_dm(community, community.ben, f"job:cancel:{job.id}")
    assert (await community.jobs())[0].state is JobState.QUEUED
    assert "Cancelled" in await used_in_dm(community, community.mia, f"job:cancel:{job.id}")
    assert (await community.jobs())[0].state is JobState.CANCELLED


async def test_in_direct_messages_what_is_of_no_server_gets_a_sentence(community: Community) -> None:
    servers_only = await used_in_dm(community, community.mia, "draft:new:1")
    gone = [await used_in_dm(community, community.mia, f"{of}:01k2m3n4p5q6r7s8") for of in ("job:cancel", "clip:again")]
    moderators_only = await used_in_dm(community, community.moderator, "log:remove:1")

    assert servers_only.splitlines()[0] == "This works in servers only."
    assert {each.splitlines()[0] for each in gone} == {
        "There is nothing to be done with that clip: it is no longer stored here."
    }
    assert moderators_only.splitlines()[0] == MODERATORS_ONLY


async def used_in_dm(community: Community, member: MemberActor, custom_id: str) -> str:
    channel: ChannelHandle = member.user.dm_channel
    message_id = await post(community.bot.get_partial_messageable(channel.id), button(custom_id))
    message = next(each for each in channel.history() if each.id == message_id)
    result = await member.user.click(message, custom_id=custom_id)
    shown = next(each for each in channel.history() if each.id == message_id)
    return f"{said(result)}\n{words(shown)}"
