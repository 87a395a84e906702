"""``/clips``: what a member sees of their clips and does with them, also after a restart."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from simcord.components import walk_components
from sqlalchemy import insert, update

from bot.errors import ClipGoneError, ClipUnavailableError, DestinationClosedError
from bot.media.stills import take_still
from bot.models import Lineage, Origin
from bot.store.tables import favourites, jobs, stills
from tests.support.community import UnusedService, words
from tests.support.panel import filled_in, said, send_component
from tests.support.videos import video_file

if TYPE_CHECKING:
    from pathlib import Path

    import discord
    from simcord.actors import MemberActor
    from simcord.results import InteractionResult

    from bot.models import Job, Room
    from tests.support.community import Community

MODERATORS_ONLY = "Only members with **Timeout Members** can do that."
NOT_THERE = "There is no such clip of yours in this server any more."


class Opened:
    """An open ``/clips``."""

    def __init__(self, community: Community, actor: MemberActor, result: InteractionResult) -> None:
        self.community, self.actor, self.message = community, actor, result.response

    @property
    def shown(self) -> discord.Message:
        channel = self.community.channel
        return next(each for each in channel.history(viewer=self.actor) if each.id == self.message.id)

    @property
    def text(self) -> str:
        return words(self.shown)

    @property
    def prompts(self) -> list[str]:
        return [option["label"] for part in self.parts for option in part.get("options", [])]

    @property
    def parts(self) -> list[dict[str, Any]]:
        found = list(walk_components([component.to_dict() for component in self.shown.components]))
        return found + [part["accessory"] for part in found if "accessory" in part]

    @property
    def labels(self) -> list[str]:
        return [part["label"] for part in self.parts if part.get("type") == 2]

    @property
    def files(self) -> list[str]:
        return [attachment.filename for attachment in self.shown.attachments]

    async def press(self, label: str) -> InteractionResult:
        return await self.actor.click(self.message, label=label)

    async def open(self, job: Job) -> None:
        [custom_id] = [part["custom_id"] for part in self.parts if "options" in part]
        await self.actor.select(self.message, [job.id], custom_id=custom_id)

    async def search(self, text: str) -> InteractionResult:
        form = await self.press("Search…")
        return await self.actor.submit_modal(form, filled_in(form, text))


async def open_clips(community: Community, actor: MemberActor | None = None, **options: Any) -> Opened:  # noqa: ANN401 (its)
    actor = actor or community.mia
    result = await actor.slash(community.channel, "clips", **options)
    assert result.ephemeral
    return Opened(community, actor, result)


async def post(community: Community, *prompts: str) -> list[Job]:
    posted: list[Job] = []
    for prompt in prompts:
        community.clock.time += timedelta(seconds=1)
        posted.append(await community.post_clip(community.mia, prompt))
    return posted


async def keep_still(community: Community, job: Job) -> None:
    async with community.database.write() as connection:
        await connection.execute(insert(stills).values(job_id=job.id, image=take_still(video_file())))


async def change(community: Community, job: Job, **values: Any) -> None:  # noqa: ANN401 (columns)
    async with community.database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))


@pytest.fixture(autouse=True)
async def _much_quota(community: Community) -> None:
    await community.moderate("quota set", who=community.mia, unlimited=True)


# The list ----------------------------------------------------------------------------------------


async def test_the_newest_are_shown_with_stills_when_and_link(community: Community) -> None:
    first, *_, last = await post(community, *(f"film {number}" for number in range(6)))
    await keep_still(community, last)

    clips = await open_clips(community)

    assert clips.prompts == [f"film {number}" for number in (5, 4, 3, 2, 1)]
    assert "**Your clips in this server**" in clips.text
    link = f"https://discord.com/channels/{community.guild.id}/{community.channel.id}/{last.message_id}"
    assert f"[Go to it]({link})" in clips.text
    assert clips.files == [f"still-{last.id}.webp"]
    assert clips.labels == ["Older", "Search…", "Favourites"]
    await clips.press("Older")
    assert clips.prompts == ["film 0"]
    assert clips.files == []
    assert clips.labels == ["Newer", "Search…", "Favourites"]
    assert first.id not in clips.text


async def test_a_still_is_behind_a_spoiler_where_the_clip_is(community: Community) -> None:
    hidden, seen = await post(community, "hidden", "seen")
    for job in (hidden, seen):
        await keep_still(community, job)
    await change(community, hidden, is_spoiler=True)

    clips = await open_clips(community)

    thumbnails = {part["media"]["url"].split("/")[-1]: part["spoiler"] for part in clips.parts if part["type"] == 11}
    assert {name.partition("?")[0]: spoiler for name, spoiler in thumbnails.items()} == {
        f"still-{seen.id}.webp": False,
        f"still-{hidden.id}.webp": True,
    }
    await clips.open(hidden)
    [gallery] = [part for part in clips.parts if part["type"] == 12]
    assert gallery["items"][0]["spoiler"]


async def test_paging_stays_sane_while_clips_arrive_and_after_a_restart(community: Community) -> None:
    await post(community, *(f"film {number}" for number in range(12)))
    clips = await open_clips(community)
    await clips.press("Older")
    assert clips.prompts == [f"film {number}" for number in (6, 5, 4, 3, 2)]

    await post(community, "later", "latest")
    await community.restart()
    await clips.press("Older")
    assert clips.prompts == ["film 1", "film 0"]
    await clips.press("Newer")
    assert clips.prompts == [f"film {number}" for number in (6, 5, 4, 3, 2)]
    await clips.press("Newer")
    assert clips.prompts == [f"film {number}" for number in (11, 10, 9, 8, 7)]
    await clips.press("Newer")
    assert clips.prompts[:2] == ["latest", "later"]


async def test_a_search_is_kept_from_page_to_page_and_after_a_restart(community: Community) -> None:
    await post(community, *(f"{'A Fox: 50% / ä' if number % 2 else 'a cat'} {number}" for number in range(14)))
    clips = await open_clips(community)

    await clips.search("fOX: 50% / Ä")
    assert clips.prompts == [f"A Fox: 50% / ä {number}" for number in (13, 11, 9, 7, 5)]
    await community.restart()
    await clips.press("Older")
    assert clips.prompts == ["A Fox: 50% / ä 3", "A Fox: 50% / ä 1"]
    assert "with “\u2068fOX\\: 50% / Ä\u2069”" in clips.text
    await clips.press("Show all")
    assert clips.prompts[0] == "A Fox: 50% / ä 13"
    assert clips.prompts[1] == "a cat 12"


async def test_what_nothing_holds_and_what_is_too_long_get_a_sentence(community: Community) -> None:
    await post(community, "a cat")
    clips = await open_clips(community, search="zebra")
    assert "No prompt holds that." in clips.text
    form = await clips.press("Search…")
    [field] = [part for part in walk_components(form.modal["components"]) if "custom_id" in part]

    data = {"custom_id": form.modal["custom_id"], "components": []}
    data["components"] = [{"type": 18, "component": {"type": 4, "custom_id": field["custom_id"], "value": "🦊" * 17}}]
    result = await community.mia._dispatch_interaction(5, community.channel, data)

    assert "That is too long to look for; use at most 32 characters." in said(result)
    assert "🦊" * 17 in said(result), "what was typed comes back"


async def test_who_has_no_clips_is_told_how_to_make_one(community: Community) -> None:
    clips = await open_clips(community, community.ben)

    assert "None yet: `/video` makes one." in clips.text


# One clip ----------------------------------------------------------------------------------------


async def test_one_clip_is_opened_marked_found_among_the_favourites_and_left_again(community: Community) -> None:
    cat, _, _ = await post(community, "a cat", "a fox", "a dog")
    clips = await open_clips(community)

    await clips.open(cat)
    assert clips.labels == ["Again", "Remix…", "Details", "Favourite", "Back to the list"]
    await community.restart()
    await clips.press("Favourite")
    assert "★ “\u2068a cat\u2069”" in clips.text
    await clips.press("Back to the list")
    await clips.press("Favourites")
    assert clips.prompts == ["a cat"]
    await clips.open(cat)
    await clips.press("No favourite any more")
    await clips.press("Back to the list")
    assert "None yet: open a clip and press *Favourite*." in clips.text


async def test_again_makes_the_next_version_with_its_card_in_the_channel(community: Community) -> None:
    [cat] = await post(community, "a cat")
    clips = await open_clips(community)
    await clips.open(cat)

    result = await clips.press("Again")

    assert not result.ephemeral
    newest = max(await community.jobs(), key=lambda job: job.id)
    assert newest.lineage == Lineage(cat.id, cat.id, Origin.AGAIN)


async def test_a_removed_clip_is_still_listed_without_still_and_mark_and_is_not_sent(community: Community) -> None:
    [cat] = await post(community, "a cat")
    await keep_still(community, cat)
    await change(community, cat, result_url="https://files.example/x.mp4")
    clips = await open_clips(community)
    await clips.open(cat)
    await clips.press("Favourite")

    await community.bot.services.jobs.remove_clip(
        cat.id, guild_id=community.guild.id, removed_by_id=community.moderator.id, refunds=False
    )
    assert said(await clips.press("Send again")) == "Moderators have removed this clip, so I don't send it again."
    assert said(await clips.press("No favourite any more")) == NOT_THERE
    await clips.press("Back to the list")
    await clips.open(cat)

    assert f"Removed by {community.moderator.mention}" in clips.text
    assert (clips.labels, clips.files) == (["Details", "Back to the list"], [])


async def test_of_a_clip_whose_prompt_is_gone_there_is_the_link(community: Community) -> None:
    [cat] = await post(community, "a cat")
    await change(community, cat, prompt="")
    clips = await open_clips(community)

    await clips.open(cat)

    assert "(the prompt is not kept any more)" in clips.text
    assert clips.labels == ["Details", "Back to the list"]


async def test_an_erased_member_has_no_clips_and_their_open_list_answers(community: Community) -> None:
    [cat] = await post(community, "a cat")
    clips = await open_clips(community)
    await change(community, cat, prompt="", member_id=0)

    [custom_id] = [part["custom_id"] for part in clips.parts if "options" in part]
    result = await community.mia.select(clips.message, [cat.id], custom_id=custom_id)

    assert said(result) == NOT_THERE
    await clips.press("Favourites")
    await clips.press("Show all")
    assert clips.prompts == []


# Whose clips -------------------------------------------------------------------------------------


async def test_moderators_may_name_a_member_and_others_may_not(community: Community) -> None:
    [cat] = await post(community, "a cat")
    await change(community, cat, result_url="https://files.example/x.mp4")

    clips = await open_clips(community, community.moderator, member=community.mia)
    assert f"**The clips of {community.mia.mention} in this server**" in clips.text
    assert clips.labels == ["Search…"]
    await clips.open(cat)
    assert clips.labels == ["Again", "Remix…", "Details", "Back to the list"]

    refused = await community.ben.slash(community.channel, "clips", member=community.mia)
    assert said(refused) == MODERATORS_ONLY


@pytest.mark.parametrize(
    "custom_id",
    [
        "clip:page:all:{mia}:z:",
        "clip:list:favourites:{mia}:z",
        "clip:search:all:{mia}",
        "clip:open:all:{mia}:z:",
        "clip:mark:{job}:all:z:",
        "clip:send:{job}",
    ],
)
async def test_a_forged_press_shows_nothing_of_anothers_and_changes_nothing(
    community: Community, custom_id: str
) -> None:
    [cat] = await post(community, "a cat")
    await change(community, cat, result_url="https://files.example/x.mp4")
    message = await community.ben.slash(community.channel, "video", prompt="a dog")
    custom_id = custom_id.format(mia=community.mia.id, job=cat.id)
    is_select = custom_id.startswith("clip:open")
    item: dict[str, Any] = {"type": 3 if is_select else 2, "custom_id": custom_id}
    item |= {"options": [{"label": "x", "value": cat.id}]} if is_select else {"style": 2, "label": "x"}
    stored = community.env.backend.get_message(community.channel.id, message.response.id)
    stored.components = [{"type": 1, "components": [item]}]
    data = {"custom_id": custom_id, "component_type": item["type"]} | ({"values": [cat.id]} if is_select else {})

    result = await send_component(community, community.ben, message.response, data)

    assert said(result) in {MODERATORS_ONLY, NOT_THERE}
    async with community.database.read() as connection:
        assert (await connection.execute(favourites.select())).all() == []


async def test_a_clip_of_another_server_is_not_found(community: Community) -> None:
    [cat] = await post(community, "a cat")
    clips = await open_clips(community)
    await change(community, cat, guild_id=community.guild.id + 1)

    [custom_id] = [part["custom_id"] for part in clips.parts if "options" in part]
    result = await community.mia.select(clips.message, [cat.id], custom_id=custom_id)

    assert said(result) == NOT_THERE


# Send again --------------------------------------------------------------------------------------


async def sendable(community: Community, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> Opened:
    """Open a clip whose file the service has, or answers for with an error."""

    async def download(_: UnusedService, url: str, destination: Path, room: Room, *, is_patient: bool) -> None:
        assert (url, is_patient) == ("https://files.example/x.mp4", False)
        if error is not None:
            raise error
        await room.reserve(video_file().stat().st_size)
        shutil.copy(video_file(), destination)

    monkeypatch.setattr(UnusedService, "download", download, raising=False)
    [cat] = await post(community, "a cat")
    expires_at = community.clock.now() + timedelta(hours=1)
    await change(community, cat, result_url="https://files.example/x.mp4", result_expires_at=expires_at)
    clips = await open_clips(community)
    await clips.open(cat)
    return clips


async def test_a_clip_is_sent_again_to_its_member_directly(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = await sendable(community, monkeypatch)
    before = len(community.channel.history())

    result = await clips.press("Send again")

    [message] = community.mia.user.dm_channel.history()
    assert "Here is your clip again." in words(message)
    assert message.attachments[0].filename.endswith(".mp4")
    dm = community.mia.user.dm_channel.id
    assert said(result) == (f"Here it is, in your direct messages: https://discord.com/channels/@me/{dm}/{message.id}")
    assert len(community.channel.history()) == before
    assert await community.ledger() == [("charge", 6)]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ClipGoneError("404"), "The video service no longer has this clip's file."),
        (ClipUnavailableError("503"), "I can't fetch this clip from the video service just now"),
    ],
)
async def test_a_file_that_does_not_come_is_said_so(
    community: Community, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    clips = await sendable(community, monkeypatch, error)

    assert sentence in said(await clips.press("Send again"))


async def test_closed_direct_messages_are_one_sentence(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = await sendable(community, monkeypatch)
    community.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)

    assert said(await clips.press("Send again")) == (
        "I can't write to you: allow direct messages in this server's privacy settings, then try again."
    )


async def test_past_its_time_a_clip_is_not_sent_and_says_that_it_can_be_made_again(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = await sendable(community, monkeypatch)
    community.clock.time += timedelta(hours=1)

    assert "no longer has this clip's file. It can be made again" in said(await clips.press("Send again"))
    await clips.press("Favourite")
    assert "*Again* makes it anew" in clips.text
    assert "Send again" not in clips.labels


async def test_an_error_of_discords_is_one_sentence(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = await sendable(community, monkeypatch)

    async def closed(*_: object, **__: object) -> None:
        raise DestinationClosedError

    monkeypatch.setattr(type(community.publisher), "post_copy_in_dm", closed)

    assert "I can't write to you" in said(await clips.press("Send again"))
