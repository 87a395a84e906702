"""The first set-up from the panel, and what becomes of what was typed and refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import Period, Quota, QuotaSource
from tests.support.community import words
from tests.support.panel import fields_of_form, filled_in, open_panel, refusal, remove, said

if TYPE_CHECKING:
    from simcord.results import InteractionResult

    from bot.services.moderation.servers import ServerView
    from tests.support.community import Community


async def view(community: Community) -> ServerView:
    return await community.bot.services.servers.view(community.guild.id)


async def correct(community: Community, refused: InteractionResult) -> InteractionResult:
    return await community.moderator.click(refusal(refused), label="Correct it")


# The first set-up -------------------------------------------------------------------------------------------------


async def test_a_server_is_set_up_by_one_form(community: Community) -> None:
    panel = await open_panel(community)
    assert "Not set yet: everyone's quota, a cap and a log." in panel.text
    shown = await panel.press("set_up")
    assert fields_of_form(shown) == {"quota": "60 a day", "cap": "600 a day", "zone": "UTC", "log": None}

    await community.moderator.submit_modal(
        shown, {"quota": "90 a week", "cap": "20 min a week", "zone": "berlin", "log": [community.log_channel]}
    )

    for line in (
        "**Everyone**: 90 s per week;",
        "**Cap**: 1,200 s per week:",
        "**Time zone**: Europe/Berlin",
        f"**Log**: {community.log_channel.mention}",
        f"The log goes to {community.log_channel.mention} from now on.",
    ):
        assert line in panel.text
    assert "Not set yet" not in panel.text
    assert not any(custom_id == "panel:set_up" for custom_id in panel.custom_ids)
    cards = "\n".join(map(words, await community.log_cards()))
    assert "Europe/Berlin" in cards, "the log is told of the rest"


async def test_what_is_set_already_is_filled_in_and_stays(community: Community) -> None:
    await community.moderate("quota set", who=community.guild.default_role, seconds=30, **{"for": 7})
    await community.keep_log()
    panel = await open_panel(community)
    assert "Not set yet: a cap." in panel.text
    before, (_, changes) = await view(community), await count_changes(community)

    shown = await panel.press("set_up")
    assert fields_of_form(shown) | {"cap": ""} == {
        **{"quota": "30 a day", "cap": "", "zone": "UTC"},
        "log": [str(community.log_channel.id)],
    }
    await community.moderator.submit_modal(shown, filled_in(shown, "30 a day", "", "UTC") | keep_channel(community))

    assert panel.note == "All of that is so already."
    assert await view(community) == before
    assert (await count_changes(community))[1] == changes


async def test_a_log_that_is_kept_already_stays_whoever_may_post_there(community: Community) -> None:
    await community.keep_log()
    channel = community.bot.get_channel(community.log_channel.id)
    moderator = await community.bot.get_guild(community.guild.id).fetch_member(community.moderator.id)
    await channel.set_permissions(moderator, send_messages=False)
    panel = await open_panel(community)

    await community.moderator.submit_modal(
        await panel.press("set_up"), {"quota": "60 a day", "cap": "600 a day", "zone": "UTC", **keep_channel(community)}
    )

    stored = await view(community)
    assert (stored.server.cap, stored.server.log_channel_id) == (Quota(600), community.log_channel.id)


async def test_a_log_that_no_form_can_show_stays(community: Community) -> None:
    thread = await community.thread(community.channel)
    panel = await open_panel(community, section="log")
    await panel.choose("log_channel", thread)
    await community.bot.get_channel(thread.id).edit(archived=True)
    await panel.press("open:home:1")
    shown = await panel.press("set_up")
    assert fields_of_form(shown)["log"] is None

    await community.moderator.submit_modal(shown, {"quota": "60 a day", "cap": "600 a day", "zone": "UTC", "log": []})

    stored = await view(community)
    assert (stored.server.cap, stored.server.log_channel_id) == (Quota(600), thread.id)


async def count_changes(community: Community) -> tuple[object, int]:
    return await community.bot.services.servers.list_changes(community.guild.id, limit=1)


def keep_channel(community: Community) -> dict[str, Any]:
    return {"log": [community.log_channel]}


async def test_all_that_is_wrong_with_a_set_up_is_said_together_and_nothing_is_lost(community: Community) -> None:
    panel = await open_panel(community)
    shown = await panel.press("set_up")
    typed = {"quota": "60 a fortnight", "cap": "lots", "zone": "Berlim", "log": [community.log_channel]}

    refused = await community.moderator.submit_modal(shown, typed)

    text = words(refusal(refused))
    assert "Three things can't be set like that:" in text
    assert "“\u206860 a fortnight\u2069”: The seconds have to be a whole number. Did you mean 60 a day?" in text
    assert "“\u2068lots\u2069”: The seconds have to be a whole number." in text
    assert "Did you mean Europe/Berlin?" in text
    assert (await view(community)).rules == []
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart()
    again = await correct(community, refused)
    assert fields_of_form(again) == {**typed, "log": [str(community.log_channel.id)]}
    correction = refusal(refused)
    done = await community.moderator.submit_modal(
        again, {"quota": "60 a day", "cap": "", "zone": "Berlin", **keep_channel(community)}
    )
    assert said(done) == ""
    stored = await view(community)
    assert (stored.server.timezone, stored.server.cap) == ("Europe/Berlin", None)
    assert [(rule.source, rule.quota) for rule in stored.rules] == [(QuotaSource.SERVER, Quota(60))]
    shown_then = community.shown(correction, community.moderator)
    assert "Days, weeks and months now begin at midnight in Europe/Berlin." in shown_then


async def test_a_log_channel_that_takes_no_cards_is_said_with_the_rest(community: Community) -> None:
    closed = community.without("send_messages")
    panel = await open_panel(community)

    refused = await community.moderator.submit_modal(
        await panel.press("set_up"), {"quota": "60 a day", "cap": "", "zone": "Mars", "log": [closed]}
    )

    assert "Two things can't be set like that:" in words(refusal(refused))
    assert "I can't post there" in words(refusal(refused))
    assert "“\u2068Mars\u2069”: I don't know that time zone" in words(refusal(refused))
    stored = await view(community)
    assert (stored.rules, stored.server.log_channel_id) == ([], None)


# Every other form -------------------------------------------------------------------------------------------------

REFUSED = {
    "cap": ("cap", "cap_set", {"seconds": "-5", "period": ["week"]}, "can't be negative", "Cap of the whole server"),
    "time zone": ("cap", "timezone", {"zone": "Mars"}, "don't know that time zone", "Time zone"),
    "everyone": (
        *("quotas", "quota_everyone", {"seconds": "soon", "period": ["month"], "days": "91"}),
        *("“\u206891\u2069”: Choose 1 to 90 whole days", "Quota of everyone"),
    ),
    "words": ("rules", "rule_add:words", {"text": "..."}, "no word in that", "Word or phrase"),
    "pattern": ("rules", "rule_add:pattern", {"text": "("}, "can't read that pattern", "Pattern"),
    "pause": ("home", "pause", {"reason": "   "}, "Give a reason", "Pause video making"),
    "list": (
        *("brainstorms", "list_add", {"list_name": "my list", "phrases": "only one"}),
        *("Write at least 2 phrases", "New list of phrases"),
    ),
}


@pytest.mark.parametrize("form", REFUSED)
async def test_what_was_refused_opens_filled_in_to_be_corrected(community: Community, form: str) -> None:
    section, action, typed, sentence, title = REFUSED[form]
    panel = await open_panel(community)
    if section != "home":
        await panel.go(section)

    refused = await community.moderator.submit_modal(await panel.press(action), typed)

    assert sentence in words(refusal(refused))
    again = await correct(community, refused)
    assert again.modal["title"] == title
    kept = {name: value for name, value in fields_of_form(again).items() if value}
    assert kept == typed


@pytest.mark.parametrize(
    ("section", "action", "typed", "sentence"),
    [
        ("quotas", "quota_who", {"seconds": "lots", "period": ["day"], "days": "0"}, "Two things"),
        ("blocks", "block_who", {"reason": " ", "days": "never"}, "Two things"),
        ("gifts", "gift_who", {"seconds": "60 a day", "days": "0"}, "Two things"),
    ],
)
async def test_a_form_about_a_member_names_them_also_when_it_is_corrected(
    community: Community, section: str, action: str, typed: dict[str, Any], sentence: str
) -> None:
    panel = await open_panel(community, section=section)
    refused = await community.moderator.submit_modal(await panel.choose(action, community.mia), typed)
    assert sentence in words(refusal(refused))
    community.clock.time += timedelta(minutes=1)  # or the same ids would come again
    await community.restart()

    again = await correct(community, refused)

    assert "mia" in again.modal["title"]
    assert {name: value for name, value in fields_of_form(again).items() if value} == typed


async def test_what_was_refused_is_for_an_hour_and_for_whoever_typed_it_and_still_moderates(
    community: Community,
) -> None:
    panel = await open_panel(community, section="cap")
    refused = await panel.fill(await panel.press("timezone"), "Mars")
    role = community.bot.get_guild(community.guild.id).get_role(community.guild.roles["Mods"].id)
    permissions = role.permissions
    await role.edit(permissions=permissions.none())

    assert "Only members with **Timeout Members** can do that." in said(await correct(community, refused))
    await role.edit(permissions=permissions)
    community.clock.time += timedelta(hours=1)
    assert "not kept any more" in said(await correct(community, refused))


async def test_what_cannot_be_kept_is_shown(community: Community) -> None:
    panel = await open_panel(community, section="cap")
    shown = await panel.press("timezone")
    with community.locked_database():
        refused = await panel.fill(shown, "Mars")

    assert "“\u2068Mars\u2069”: I don't know that time zone" in said(refused)
    assert "Time zone: Mars" in said(refused)
    with pytest.raises(ValueError, match="not enough"):
        refusal(refused)


# Asked once -------------------------------------------------------------------------------------------------------


async def test_the_block_form_of_a_card_names_the_member(community: Community) -> None:
    await community.keep_log()
    await community.post_clip(community.mia)
    [*_, card] = await community.log_cards()

    shown = await community.moderator.click(card, label="Block member…")

    assert shown.modal["title"] == "Block mia from making clips"


async def test_a_block_from_a_card_that_was_refused_can_be_corrected(community: Community) -> None:
    await community.keep_log()
    await community.post_clip(community.mia)
    [*_, card] = await community.log_cards()
    shown = await community.moderator.click(card, label="Block member…")
    refused = await community.moderator.submit_modal(shown, {"reason": "spam", "days": "999"})

    again = await correct(community, refused)

    assert fields_of_form(again) == {"reason": "spam", "days": "999"}
    done = await community.moderator.submit_modal(again, {"reason": "spam", "days": "9"})
    assert f"{community.mia.mention} can make no clips here until" in said(done)
    assert "Correct it" in str(refusal(refused).components), "it is no card, and stays"
    assert "**Clip posted**" in community.shown(card, community.moderator)


async def test_removing_from_a_card_asks_once_with_the_clip_and_what_becomes_of_its_seconds(
    community: Community,
) -> None:
    await community.keep_log()
    job = await community.post_clip(community.mia, "A cat surfing")
    [*_, card] = await community.log_cards()

    for label, seconds in (("Remove", "stay charged"), ("Remove and refund", "come back")):
        asked = await community.moderator.click(card, label=label)
        assert "A cat surfing" in str(asked.modal)
        assert f"Its seconds {seconds}." in str(asked.modal)
    assert job.message_id in [message.id for message in community.channel.history()]
    await remove(community.moderator, card, "Remove and refund")

    assert job.message_id not in [message.id for message in community.channel.history()]


async def test_blocking_oneself_in_the_panel_asks_once(community: Community) -> None:
    panel = await open_panel(community, section="blocks")
    shown = await panel.choose("block_who", community.moderator)
    assert fields_of_form(shown)["sure"] == ["no"]

    refused = await community.moderator.submit_modal(shown, {"reason": "a test", "days": "1", "sure": "no"})

    assert "That is you, and you are not blocked" in words(refusal(refused))
    assert (await view(community)).blocks == []
    again = await correct(community, refused)
    await community.moderator.submit_modal(again, {"reason": "a test", "days": "1", "sure": "yes"})
    [block] = (await view(community)).blocks
    assert block.member_id == community.moderator.id


async def test_blocking_oneself_by_the_command_asks_once(community: Community) -> None:
    asked = await community.moderator.slash(
        community.channel, "moderate block", member=community.moderator, reason="a test", **{"for": 3}
    )
    assert (asked.modal["title"], fields_of_form(asked)) == (
        "Block mo from making clips",
        {"reason": "a test", "days": "3", "sure": ["no"]},
    )
    assert (await view(community)).blocks == []

    done = await community.moderator.submit_modal(asked, {"reason": "a test", "days": "3", "sure": "yes"})

    assert f"{community.moderator.mention} can make no clips here until" in said(done)
    [block] = (await view(community)).blocks
    assert block.reason == "a test"


async def test_a_period_that_is_typed_goes_before_the_one_that_is_chosen(community: Community) -> None:
    panel = await open_panel(community, section="cap")

    await panel.fill(await panel.press("cap_set"), "600 a week", "day")

    assert (await view(community)).server.cap == Quota(600, Period.WEEK)
