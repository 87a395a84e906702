"""Forged buttons, selects and forms: whatever is sent, it gets an answer and changes nothing."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import discord
import pytest
from simcord.actors import _component_interaction

from bot.models import Access, ChannelRule
from tests.support.panel import said, send_component

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simcord.results import InteractionResult, ResponseMessage

    from tests.support.community import Community

UNKNOWN = "I don't know that button, list or form any more: it is of an earlier version. Use the command again."
LEADING_ON = {"panel:section", "panel:channel_known"}
"""These show a part of the panel, the first page or one about nothing."""
MODERATE = discord.Permissions(moderate_members=True)
UNFOCUSED = {"name": "rule", "type": 3, "value": "x"}
BUTTON, SELECT, USERS = 2, 3, 5
"""Discord's types of components."""
FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<choices>[a-z|]+))?\}")
GOOD = {"job_id": "01k2m3n4p5q6r7s8", "page": "1", "section": "quotas"}
NO_NUMBERS = ("x", "-1", "+1", "1.5", "1e3", "0x1", "", " 1", "\u0663", "9" * 20, "9" * 90, str(2**63), "1:1")
NO_WORDS = ("maybe-not", "", "A", "quota s", "../x", "allowed:allowed", "\u0430llowed", "1'; DROP TABLE jobs; --")


def value(match: re.Match[str]) -> str:
    return match["choices"].partition("|")[0] if match["choices"] else GOOD.get(match["name"], "12")


def example(template: str) -> str:
    """Return a custom id of a shape."""
    return FIELD.sub(value, template)


def misshapen(template: str) -> Iterator[str]:
    """Return custom ids that are nearly of a shape: each part in turn as it must not be, one too many, one too few."""
    for field in FIELD.finditer(template):
        is_word = field["choices"] or field["name"] in {"section", "job_id"}
        for wrong in NO_WORDS if is_word else NO_NUMBERS:
            before, after = template[: field.start()], template[field.end() :]
            yield f"{example(before)}{wrong}{example(after)}"
    good = example(template)
    yield from (f"{good}:1:1:1", f"{good}\n", f" {good}", good.upper(), f"{good}{'0' * 80}", good.rpartition(":")[0])


async def use(
    community: Community,
    shown: ResponseMessage,
    custom_id: str,
    kind: int = BUTTON,
    **data: Any,  # noqa: ANN401 (as Discord sends it)
) -> InteractionResult:
    """Use an item that is in a message only because somebody says so."""
    stored = community.env.backend.get_message(community.channel.id, shown.id)
    item: dict[str, Any] = {"type": kind, "custom_id": custom_id}
    item |= {"style": 2, "label": "x"} if kind == BUTTON else {"options": []} if kind == SELECT else {}
    stored.components = [{"type": 1, "components": [item]}]
    return await send_component(
        community, community.moderator, shown, {"custom_id": custom_id, "component_type": kind} | data
    )


async def send(community: Community, custom_id: str, *fields: tuple[str, str]) -> InteractionResult:
    """Send a form that was never shown."""
    filled = [{"type": 18, "component": {"type": 4, "custom_id": name, "value": typed}} for name, typed in fields]
    return await community.moderator._dispatch_interaction(
        5, community.channel, {"custom_id": custom_id, "components": filled}
    )


def stored(community: Community) -> list[str]:
    """Return all that is stored but what was typed into forms, which comes back to whoever typed it."""
    with closing(sqlite3.connect(community.database_path)) as connection:
        return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "drafts"')]


@pytest.fixture
async def shown(community: Community) -> ResponseMessage:
    """A message of the bot's."""
    return (await community.mia.slash(community.channel, "video", prompt="A cat")).response


@pytest.fixture
def unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that is not foreseen happens."""
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


pytestmark = pytest.mark.usefixtures("unexpected")


def is_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z<].+[.”](\n```\n.+\n```)?", text)) and "went wrong" not in text


@pytest.mark.slow
async def test_custom_ids_that_are_nearly_of_a_shape_get_a_sentence(
    community: Community, shown: ResponseMessage
) -> None:
    components = community.bot.components
    before = stored(community)
    for template in components.templates:
        for custom_id in misshapen(template):
            if components.find(custom_id) is not None:
                continue  # it is of another shape, and is used below as that
            is_form = template.startswith("form:")
            result = await (send(community, custom_id) if is_form else use(community, shown, custom_id))
            assert said(result) == UNKNOWN, custom_id

    assert stored(community) == before


@pytest.mark.slow
async def test_what_is_sent_as_another_kind_than_it_was_shown_gets_a_sentence(
    community: Community, shown: ResponseMessage
) -> None:
    before = stored(community)
    member = {"id": str(community.mia.id), "username": "mia", "discriminator": "0", "avatar": None}
    resolved = {"users": {str(community.mia.id): member}}
    known = community.bot.components._components
    for each in known:
        custom_id, is_form, is_select = (
            example(each.template),
            each.template.startswith("form:"),
            each.chosen is not None,
        )
        sent = []
        if is_form:
            sent.append(await use(community, shown, custom_id))
        else:
            sent.append(await send(community, custom_id))
            sent.append(await send(community, custom_id, ("reason", "spam"), ("seconds", "60")))
        sent.append(await use(community, shown, custom_id, SELECT, values=["a"] if each.chosen is None else []))
        if is_select or is_form:
            sent.append(await use(community, shown, custom_id))
            sent.append(await use(community, shown, custom_id, SELECT, values=["a", "b"]))
        if each.chosen is str:
            sent.append(
                await use(community, shown, custom_id, USERS, values=[str(community.mia.id)], resolved=resolved)
            )
        elif is_select:
            sent.append(await use(community, shown, custom_id, SELECT, values=["panel"]))
        for result in sent:
            assert said(result) == UNKNOWN, custom_id

    assert stored(community) == before


@pytest.mark.parametrize(
    "chosen", ["x", "", "-1", "0", "12", str(2**63), "9" * 30, "member:x", "role:-1", "owner:1", "\u0663", "none:none"]
)
async def test_values_that_were_not_offered_get_a_sentence(
    community: Community, shown: ResponseMessage, chosen: str
) -> None:
    before = stored(community)
    for each in community.bot.components._components:
        if each.chosen is str and each.template not in LEADING_ON:
            result = await use(community, shown, example(each.template), SELECT, values=[chosen])
            text = said(result) or community.shown(shown, community.moderator).splitlines()[-1]
            assert is_sentence(text), (each.template, text)

    assert stored(community) == before


async def test_a_section_that_there_is_not_is_the_first_page(community: Community, shown: ResponseMessage) -> None:
    await use(community, shown, "panel:section", SELECT, values=["../etc"])

    assert "### Settings" in community.shown(shown, community.moderator)


async def test_pages_past_the_end_are_the_last(community: Community, shown: ResponseMessage) -> None:
    before = stored(community)
    for page in ("0", "999999"):
        for section in community.bot.panel.sections:
            result = await use(community, shown, f"panel:open:{section}:{page}")
            assert said(result) == "" or is_sentence(said(result))
            assert f"page {page}" not in community.shown(shown, community.moderator)

    assert stored(community) == before


async def test_what_is_of_another_server_or_of_nothing_is_not_changed(
    community: Community, shown: ResponseMessage
) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    channel, role = elsewhere.create_text_channel("theirs"), elsewhere.create_role("Theirs")
    before = stored(community)
    limit = (("seconds", "60"), ("period", "day"))
    for subject_id in (channel.id, role.id, elsewhere.id, 12, 2**63 - 1):
        for access in ("allowed", "refused"):
            result = await use(community, shown, f"panel:access:{subject_id}:{access}")
            assert said(result) == "That is not a role or channel of this server that I can see."
        for source in ("role", "server", "channel"):
            result = await send(community, f"form:quota:{source}:{subject_id}:1", *limit)
            assert said(result).startswith("That is not a role or channel of this server that I can see.")
        result = await use(community, shown, f"panel:aspect:{subject_id}", SELECT, values=["portrait"])
        assert is_sentence(said(result))
        for custom_id in (f"log:remove:{subject_id}", f"log:refund:{subject_id}", f"log:recent:{subject_id}"):
            assert said(await use(community, shown, custom_id)) == "There is no such clip here to be removed."

    assert stored(community) == before


async def test_buttons_of_what_a_restored_backup_does_not_have_get_a_sentence(
    community: Community, shown: ResponseMessage
) -> None:
    before = stored(community)
    of_rows = [each for each in community.bot.components.templates if re.search(r"\{(job|entry|round)_id", each)]
    pressed = [template for template in of_rows if not template.startswith("form:")]
    for template in pressed:
        assert is_sentence(said(await use(community, shown, example(template)))), template

    assert {"job:cancel:{job_id}", "clip:more:{job_id}", "log:block:{entry_id}"} <= set(pressed)
    assert stored(community) == before


async def test_another_servers_clips_and_cards_are_out_of_reach(community: Community, shown: ResponseMessage) -> None:
    [job] = await community.jobs()
    await community.keep_log()
    await community.bot.services.servers.pause(community.guild.id, "A flood", set_by_id=1)
    elsewhere = community.env.create_guild("Elsewhere")
    theirs = elsewhere.create_text_channel("theirs")
    other = elsewhere.add_member(
        community.env.create_user("olga"), roles=[elsewhere.create_role("Mods", permissions=MODERATE)]
    )
    posted = await other.slash(theirs, "moderate settings")
    before = stored(community)
    for custom_id in (
        f"panel:job_cancel:{job.id}:1",
        f"panel:open:clip:{job.id}:1",
        f"job:cancel:{job.id}",
        "log:remove:1",
    ):
        message = community.env.backend.get_message(theirs.id, posted.response.id)
        message.components = [
            {"type": 1, "components": [{"type": 2, "style": 2, "label": "x", "custom_id": custom_id}]}
        ]
        result = await _component_interaction(other, message, {"custom_id": custom_id, "component_type": 2})
        assert is_sentence(said(result)), custom_id

    assert stored(community) == before


async def test_an_archived_thread_that_only_discord_knows_can_have_a_rule(
    community: Community, shown: ResponseMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await community.thread(community.channel)
    cached = community.bot.get_guild(community.guild.id)
    cached._threads.pop(thread.id)

    await use(community, shown, f"panel:access:{thread.id}:refused")

    view = await community.bot.services.servers.view(community.guild.id)
    rule = ChannelRule(guild_id=community.guild.id, channel_id=thread.id, access=Access.REFUSED)
    assert view.channels == [rule]


async def test_an_item_that_is_not_in_its_message_gets_a_sentence(community: Community, shown: ResponseMessage) -> None:
    before = stored(community)
    for custom_id, kind in (("panel:log_clear", BUTTON), ("job:cancel:1", BUTTON), ("panel:section", SELECT)):
        data = {"custom_id": custom_id, "component_type": kind, "values": ["home"]}
        assert said(await send_component(community, community.moderator, shown, data)) == UNKNOWN

    assert stored(community) == before


async def test_a_list_that_is_asked_for_as_no_client_would_is_empty(community: Community) -> None:
    asked = discord.InteractionType.autocomplete
    for command, options in (("moderate rules remove", ()), ("moderate rules remove", (UNFOCUSED,)), ("quota", ())):
        result = await community.forge(community.moderator, command, *options, kind=asked)
        assert result.autocomplete_choices == []
