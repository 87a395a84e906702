"""The settings panel's section about brainstorming: how it is held, and the server's own lists of phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.models import Server
from bot.services.brainstorms.lists import LISTS_MOST
from tests.support.community import words
from tests.support.panel import OpenPanel, open_panel, said

if TYPE_CHECKING:
    from bot.models.brainstorms import PhraseList
    from tests.support.community import Community

HELD = "3 at once in a channel, 1 of each member; everybody who sees the thread may vote, also for takes of their own"
NASTY = "@everyone `# **big**` <@1>"


async def lists(community: Community) -> list[PhraseList]:
    return await community.bot.services.phrase_lists.list_own(community.guild.id)


async def server(community: Community) -> Server:
    return (await community.bot.services.servers.view(community.guild.id)).server


async def add_lists(community: Community, *names: str) -> None:
    for name in names:
        await community.bot.services.phrase_lists.add(
            community.guild.id, name, "cat\ndog", set_by_id=community.moderator.id
        )


def filled(form: Any) -> dict[str, Any]:  # noqa: ANN401 (what was shown)
    """Return what a form has filled in already, by its fields."""
    found: dict[str, Any] = {}
    for label in form.modal["components"]:
        field = label["component"]
        options = [option["value"] for option in field.get("options", []) if option.get("default")]
        roles = [str(each["id"]) for each in field.get("default_values", [])]
        found[field["custom_id"]] = field.get("value") or [*options, *roles]
    return found


# Settings ----------------------------------------------------------------------------------------


async def test_how_brainstorms_are_held_is_shown_asked_and_set(community: Community) -> None:
    role = community.guild.create_role("Jury")
    panel = await open_panel(community, section="brainstorms")
    assert HELD in panel.text
    form = await panel.press("brainstorms_set")
    assert filled(form) == {"per_channel": ["3"], "per_member": ["1"], "voters": [], "own_votes": ["yes"]}

    await panel.fill(form, "20", "5", role, "no")

    who = f"only who has {role.mention} may vote, but not for takes of their own"
    held = f"20 at once in a channel, 5 of each member; {who}"
    assert panel.note == f"Brainstorming now: {held}."
    assert f"**Brainstorming**: {held}" in panel.text
    assert await server(community) == Server(
        guild_id=community.guild.id,
        brainstorms_per_channel=20,
        brainstorms_per_member=5,
        voter_role_id=role.id,
        allows_own_votes=False,
    )
    again = await panel.press("brainstorms_set")
    assert filled(again) == {
        "per_channel": ["20"],
        "per_member": ["5"],
        "voters": [str(role.id)],
        "own_votes": ["no"],
    }
    await panel.press("open:home:1")
    assert f"**Brainstorming**: {held}" in panel.text


async def test_the_role_that_votes_is_taken_back(community: Community) -> None:
    role = community.guild.create_role("Jury")
    panel = await open_panel(community, section="brainstorms")
    await panel.fill(await panel.press("brainstorms_set"), "3", "1", role, "yes")

    for nobody in ("", community.guild.default_role):
        await panel.fill(await panel.press("brainstorms_set"), "3", "1", nobody, "yes")
        assert panel.note == f"Brainstorming now: {HELD}."
        assert (await server(community)).voter_role_id is None


async def test_a_role_that_was_deleted_is_named_so_and_can_be_replaced(community: Community) -> None:
    role = community.guild.create_role("Jury")
    panel = await open_panel(community, section="brainstorms")
    await panel.fill(await panel.press("brainstorms_set"), "3", "1", role, "yes")
    await community.bot.get_guild(community.guild.id).get_role(role.id).delete()

    await panel.go("audit")
    assert f"only who has a deleted role (`{role.id}`) may vote" in panel.text
    await panel.go("brainstorms")
    assert f"only who has a deleted role (`{role.id}`) may vote" in panel.text
    form = await panel.press("brainstorms_set")
    assert filled(form)["voters"] == []
    await panel.fill(form, "3", "1", "", "yes")

    assert HELD in panel.text


async def send(community: Community, custom_id: str, **fields: Any) -> str:  # noqa: ANN401 (as Discord sends it)
    """Send a form that no client would; return what is said to that."""
    filled_in = [
        {"type": 18, "component": {"type": 4, "custom_id": name} | field if isinstance(field, dict) else {}}
        for name, field in fields.items()
    ]
    data = {"custom_id": custom_id, "components": filled_in}
    return said(await community.moderator._dispatch_interaction(5, community.channel, data))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"per_channel": {"values": ["21"]}}, "Choose 1 to 20 brainstorms at once in one channel."),
        ({"per_channel": {"values": ["0"]}}, "Choose 1 to 20 brainstorms at once in one channel."),
        ({"per_channel": {"values": []}}, "Choose 1 to 20 brainstorms at once in one channel."),
        ({"per_member": {"values": ["6"]}}, "Choose 1 to 5 brainstorms at once of one member."),
        ({"per_member": {"values": ["9" * 4000]}}, "Choose 1 to 5 brainstorms at once of one member."),
        ({"own_votes": {"value": "maybe"}}, "Choose whether members may vote for takes of their own."),
        ({"own_votes": {"value": None}}, "Choose whether members may vote for takes of their own."),
        ({"voters": {"values": ["4711"]}}, "That is not a role or channel of this server that I can see."),
        ({"voters": {"values": [str(2**63)]}}, "That is not a role or channel of this server that I can see."),
        ({"voters": {"values": ["x"]}}, "That is not a role or channel of this server that I can see."),
    ],
)
async def test_what_no_form_offers_gets_one_sentence_and_changes_nothing(
    community: Community, wrong: dict[str, Any], sentence: str
) -> None:
    right: dict[str, Any] = {
        "per_channel": {"values": ["5"]},
        "per_member": {"values": ["2"]},
        "voters": {"values": []},
        "own_votes": {"value": "yes"},
    }

    assert await send(community, "form:brainstorms:1", **(right | wrong)) == sentence
    assert await server(community) == Server(guild_id=community.guild.id)


async def test_a_role_of_another_server_is_refused(community: Community) -> None:
    role = community.env.create_guild("Elsewhere").create_role("Theirs")

    answer = await send(
        community,
        "form:brainstorms:1",
        per_channel={"values": ["5"]},
        per_member={"values": ["2"]},
        voters={"values": [str(role.id)]},
        own_votes={"value": "yes"},
    )

    assert answer == "That is not a role or channel of this server that I can see."
    assert await server(community) == Server(guild_id=community.guild.id)


# Lists -------------------------------------------------------------------------------------------


async def test_a_list_is_added_edited_and_removed(community: Community) -> None:
    panel = await open_panel(community, section="brainstorms")
    assert "No lists of this server's own." in panel.text
    assert "`{camera}`, `{light}`, `{mood}`, `{place}` and `{style}` come with the bot." in panel.text

    await panel.fill(await panel.press("list_add"), " Animals ", "a cat\n\n  a dog\n")
    by = community.moderator.mention
    assert f"- `{{animals}}`, 2 phrases: “\u2068a cat, a dog\u2069”, set by {by}" in panel.text
    assert panel.note == "Ideas can name it now: `{animals}`, 2 phrases: “\u2068a cat, a dog\u2069”."
    form = await panel.choose("list_edit", "animals")
    assert form.modal["title"] == "Phrases of animals"
    assert filled(form) == {"phrases": "a cat\na dog"}
    await panel.fill(form, "a cat\na dog\na fox")
    assert panel.note == "From now on: `{animals}`, 3 phrases: “\u2068a cat, a dog, a fox\u2069”."
    assert [each.phrases for each in await lists(community)] == [("a cat", "a dog", "a fox")]
    await panel.choose("list_remove", "animals")

    assert panel.note == "Removed: `{animals}`, 3 phrases: “\u2068a cat, a dog, a fox\u2069”."
    assert "No lists of this server's own." in panel.text
    assert await lists(community) == []
    await panel.go("audit")
    first, second = (
        "`{animals}`, 2 phrases: “\u2068a cat, a dog\u2069”",
        "`{animals}`, 3 phrases: “\u2068a cat, a dog, a fox\u2069”",
    )
    for line in (
        f"**Phrase list removed** · {by} removed {second}",
        f"**Phrase list changed** · {by} changed {second} (before: {first})",
        f"**Phrase list added** · {by} added {first}",
    ):
        assert line in panel.text


async def test_changes_are_told_in_the_log_and_mention_nobody(community: Community) -> None:
    await community.keep_log()
    panel = await open_panel(community, section="brainstorms")

    await panel.fill(await panel.press("brainstorms_set"), "5", "1", community.guild.roles["Mods"], "yes")
    await panel.fill(await panel.press("list_add"), "nasty", f"{NASTY}\n{community.mia.mention}")

    _, settings, added = await community.log_cards()
    by, mods = community.moderator.mention, community.guild.roles["Mods"].mention
    assert words(settings).startswith(
        f"**Brainstorming set**\n{by} set brainstorming to 5 at once in a channel, 1 of each member; "
        f"only who has {mods} may vote, also for takes of their own (before: {HELD})"
    )
    assert words(added).startswith(
        f"**Phrase list added**\n{by} added `{{nasty}}`, 2 phrases: “\u2068\\@everyone \\`\\#"
    )
    assert [community.pinged(card) for card in (settings, added)] == [set(), set()]
    assert community.pinged(panel.message) == set()
    assert "“\u2068\\@everyone \\`\\# \\*\\*big\\*\\*\\` \\<\\@1\\>, \\<\\@" in panel.text


async def test_many_lists_are_shown_page_by_page_and_one_too_many_is_refused(community: Community) -> None:
    await add_lists(community, *(f"list-{place:02}" for place in range(LISTS_MOST)))
    panel = await open_panel(community, section="brainstorms")
    assert "`{list-09}`" in panel.text
    assert "`{list-10}`" not in panel.text
    await panel.press("open:brainstorms:2")
    assert "`{list-10}`" in panel.text
    assert "page 2 of 2" in panel.text
    assert "list-19" in panel.options

    answer = await panel.fill(await panel.press("list_add"), "another", "cat\ndog")

    assert "This server has 20 lists; remove one first." in refused(answer)
    assert len(await lists(community)) == 20
    await panel.choose("list_remove", "list-19")
    assert "page 2 of 2" in panel.text
    await panel.fill(await panel.press("list_add"), "another", "cat\ndog")
    assert len(await lists(community)) == 20


def refused(answer: Any) -> str:  # noqa: ANN401 (what came of a form)
    """Return all that was said beside the panel."""
    return "\n".join(words(message) for message in (answer.response, *answer.followups) if message is not None)


@pytest.mark.parametrize(
    ("name", "phrases", "sentence"),
    [
        ("Camera", "cat\ndog", "A list of that name comes with the bot; choose another name."),
        ("taken", "bear\nwolf", "This server has a list of that name; edit that one, or choose another name."),
        ("two words", "cat\ndog", "A list's name can have only the letters a to z, digits, hyphens and underscores."),
        (" ", "cat\ndog", "Give the list a name."),
        ("animals", "cat", "Write at least 2 phrases, each on a line of its own."),
        ("animals", "\n".join(map(str, range(51))), "Those are too many phrases; use at most 50."),
        ("animals", f"cat\n{'d' * 101}", "One of the phrases is too long; use at most 100 characters."),
        ("animals", "cat\na {dog}", "Leave out `{`, `}`, `|` and `\\`"),
        ("animals", "cat\nCAT", "One of the phrases is there twice"),
    ],
)
async def test_what_can_be_no_list_gets_one_sentence_changes_nothing_and_is_given_back(
    community: Community, name: str, phrases: str, sentence: str
) -> None:
    await add_lists(community, "taken")
    panel = await open_panel(community, section="brainstorms")
    before, stored = panel.text, await lists(community)

    answer = refused(await panel.fill(await panel.press("list_add"), name, phrases))

    assert sentence in answer
    assert f"```\n{phrases}\n```" in answer
    assert panel.text == before
    assert await lists(community) == stored


async def test_what_was_typed_into_a_list_that_is_gone_is_given_back(community: Community) -> None:
    await add_lists(community, "animals")
    panel = await open_panel(community, section="brainstorms")
    form = await panel.choose("list_edit", "animals")
    await community.bot.services.phrase_lists.remove(community.guild.id, "animals", removed_by_id=1)

    answer = refused(await panel.fill(form, "cat\nbear"))

    assert "There is no such list; it may have been removed meanwhile." in answer
    assert "cat\nbear" in answer
    assert "No lists of this server's own." in panel.text


async def test_an_open_panel_shows_what_others_do_to_lists_meanwhile(community: Community) -> None:
    panel = await open_panel(community, section="brainstorms")

    await add_lists(community, "animals")
    await community.bot.panel.tick()

    assert "`{animals}`, 2 phrases" in panel.text


async def test_forms_of_lists_are_taken_after_a_restart(community: Community) -> None:
    panel = await open_panel(community, section="brainstorms")
    await panel.fill(await panel.press("list_add"), "2-tall_trees", "oak\nelm")
    form = await panel.choose("list_edit", "2-tall_trees")
    await community.restart()

    await panel.fill(form, "oak\nfir")
    await panel.fill(await panel.press("list_add"), "animals", "cat\ndog")

    assert [(each.name, each.phrases) for each in await lists(community)] == [
        ("2-tall_trees", ("oak", "fir")),
        ("animals", ("cat", "dog")),
    ]


async def test_the_longest_list_is_edited_as_it_is(community: Community) -> None:
    longest = "\n".join(f"{place:079}" for place in range(50))
    panel = await open_panel(community, section="brainstorms")
    await panel.fill(await panel.press("list_add"), "a" * 30, longest)

    form = await panel.choose("list_edit", "a" * 30)

    assert filled(form) == {"phrases": longest}
    assert len(form.modal["title"]) <= 45


async def test_another_servers_lists_are_neither_seen_nor_changed(community: Community) -> None:
    elsewhere = community.env.create_guild("Elsewhere")
    theirs = elsewhere.create_text_channel("theirs")
    moderators = elsewhere.create_role("Mods", permissions=discord.Permissions(moderate_members=True))
    olga = elsewhere.add_member(community.env.create_user("olga"), roles=[moderators])
    await add_lists(community, "animals")
    services = community.bot.services
    await services.phrase_lists.add(elsewhere.id, "secret", "bear\nwolf", set_by_id=olga.id)

    panel = await open_panel(community, section="brainstorms")
    assert ("animals" in panel.text, "secret" in panel.text) == (True, False)
    for custom_id, fields in (
        ("form:list_edit:secret:1", {"phrases": {"value": "cat\ndog"}}),
        ("form:list_add:1", {"list_name": {"value": "secret"}, "phrases": {"value": "cat\ndog"}}),
    ):
        await send(community, custom_id, **fields)
    data = {"custom_id": "form:list_edit:animals:1", "components": []}
    answer = await olga._dispatch_interaction(5, theirs, data)

    assert said(answer)
    assert [each.phrases for each in await services.phrase_lists.list_own(elsewhere.id)] == [("bear", "wolf")]
    assert [each.name for each in await lists(community)] == ["animals", "secret"]


async def test_whoever_is_no_moderator_any_more_changes_nothing(community: Community) -> None:
    panel: OpenPanel = await open_panel(community, section="brainstorms")
    forms = [await panel.press("list_add"), await panel.press("brainstorms_set")]
    cached = community.bot.get_guild(community.guild.id).get_role(community.guild.roles["Mods"].id)
    await cached.edit(permissions=cached.permissions.none())

    answers = [
        await panel.fill(forms[0], "animals", "cat\ndog"),
        await panel.fill(forms[1], "5", "2", "", "no"),
        await panel.press("list_add"),
    ]

    assert ["Only members with **Timeout Members** can do that." in refused(answer) for answer in answers] == [True] * 3
    assert await lists(community) == []
    assert await server(community) == Server(guild_id=community.guild.id)
