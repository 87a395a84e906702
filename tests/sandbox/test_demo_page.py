"""The demo's page in a real browser: what newcomers do first, all of it in one community."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import Error as BrowserError
from playwright.async_api import expect
from simcord.components import walk_components

from bot.sandbox import community
from bot.sandbox.toapis_server import SandboxServer
from tests.support.demo_page import (
    LANDING_MILLISECONDS,
    ShownCommunity,
    begin_command,
    choose,
    lost_actions,
    messages_with,
    needs_browser,
    remove_clip,
    send,
    show_community,
    type_command,
    view_as,
)
from tests.support.quick_bot import shorter_waits
from tests.support.toapis import tiny_clip

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from playwright.async_api import Locator, Route

    from bot.sandbox.renders import SandboxGeneration

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo page"),
    pytest.mark.asyncio(loop_scope="module"),
    needs_browser,
]

IDEA = "A paper boat drifts across a {calm|stormy} lake, {light}"
THREE_MINUTES_LATER = "() => { self.now = Date.now; Date.now = () => self.now() + 180000; }"


async def small_clip(_: SandboxGeneration) -> bytes:
    return tiny_clip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown() -> AsyncIterator[ShownCommunity]:
    """Show one community for all scenes, with small clips: to open it, a browser and large clips takes seconds.

    In a task of its own, as SimCord wants to be ended where it was started.
    """
    service = SandboxServer(queue_seconds=0.1, render_seconds=0.1, clip_maker=small_clip)
    opened: asyncio.Future[ShownCommunity] = asyncio.get_running_loop().create_future()
    is_over = asyncio.Event()

    async def show() -> None:
        with shorter_waits(), pytest.MonkeyPatch.context() as patched:
            patched.setattr(community, "POLICY", replace(community.POLICY, poll_time_scale=0.05))
            async with show_community(service) as shown:
                opened.set_result(shown)
                await is_over.wait()

    showing = asyncio.create_task(show())
    await asyncio.wait([opened, showing], return_when=asyncio.FIRST_COMPLETED)
    if opened.done():
        yield opened.result()
    is_over.set()
    await showing


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clip(shown: ShownCommunity) -> Locator:
    """Have Mia type ``/video``; give her clip's message as soon as it is there."""
    await type_command(shown.place("#clips"), "/video", prompt="A fox in the snow")
    clip = messages_with(shown.place("#clips"), "@Mia, your clip is ready.").filter(has_text="A fox in the snow")
    await expect(clip).to_be_visible()
    return clip


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_is_lost(shown: ShownCommunity) -> AsyncIterator[None]:
    yield
    assert await lost_actions(shown.page) == []


@asynccontextmanager
async def seeing_nothing_new(shown: ShownCommunity, name: str) -> AsyncGenerator[None]:
    """Keep from one frame what has happened, while something is done there."""
    origin = (await shown.page.locator(f'iframe[title="{name}"]').get_attribute("src") or "").partition("#")[0]
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await shown.page.route(f"{origin}api/state", hold)
    yield
    await shown.page.unroute(f"{origin}api/state")
    for route in held:
        with suppress(BrowserError):  # it has given up some of them itself
            await route.continue_()


async def post_something(shown: ShownCommunity) -> None:
    """Have Ben ask for what the video service refuses, and wait until all pages could show it."""
    told = messages_with(shown.place("#brainstorm"), "there is no clip this time")
    before = await told.count()
    async with shown.community.page.turns:
        await shown.community.ben.slash(shown.community.channels["brainstorm"], "video", prompt="fail:content_policy")
    await expect(told).to_have_count(before + 1)


async def change_buttons(shown: ShownCommunity, before: str, after: str) -> None:
    """Let one of the buttons under the clips do something else, and show it."""
    channel = shown.community.channels["clips"]
    async with shown.community.page.turns:
        for message in channel.history():
            for component in walk_components(channel._env.backend.get_message(channel.id, message.id).components):
                if "custom_id" in component:
                    component["custom_id"] = component["custom_id"].replace(f"clip:{before}:", f"clip:{after}:")
        for place in shown.community.page.places:
            await place.refresh()


async def test_mia_makes_a_clip_and_mo_sees_its_card_appear_beside_it_and_removes_it(shown: ShownCommunity) -> None:
    clips, log = shown.place("#clips"), shown.place("#mod-log")
    for name in ("#clips", "#brainstorm", "#mod-log"):
        await expect(shown.page.locator(f'iframe[title="{name}"]')).to_be_in_viewport(ratio=1)

    await type_command(clips, "/video", prompt="A lighthouse in a storm", aspect="Portrait 9:16")

    clip = messages_with(clips, "@Mia, your clip is ready.").filter(has_text="A lighthouse in a storm")
    await expect(clip).to_contain_text("Portrait 9:16 · 6 s")
    await expect(messages_with(clips, "A lighthouse in a storm"), "the card is gone").to_have_count(1)
    card = messages_with(log, "Clip posted").filter(has_text="A lighthouse in a storm")
    await remove_clip(log, card)
    await expect(clip).to_have_count(0)


async def test_the_clip_plays_when_play_is_pressed_at_once_and_while_another_arrives(
    shown: ShownCommunity, clip: Locator
) -> None:
    clips = shown.place("#clips")

    await clip.get_by_role("button", name=re.compile("^Play")).click()
    await clip.get_by_role("button", name="Remix").click()
    form = clips.get_by_role("dialog")
    await expect(form.get_by_role("textbox", name="Prompt")).to_have_value("A fox in the snow")
    await form.get_by_role("textbox", name="Prompt").fill("A fox in the rain")
    await form.get_by_role("button", name="Submit").click()
    await expect(messages_with(clips, "A fox in the rain").filter(has_text="remixed from")).to_be_visible()

    await expect(clip.locator("video")).to_have_js_property("ended", True)
    await expect(clip).to_contain_text("0:01 / 0:01")


async def test_a_press_on_a_page_that_has_not_seen_a_clip_arrive_is_not_lost(
    shown: ShownCommunity, clip: Locator
) -> None:
    clips = shown.place("#clips")

    async with seeing_nothing_new(shown, "#clips"):
        await post_something(shown)
        await clip.get_by_role("button", name="⋯").click()
        await expect(clips.locator("#action-status")).to_have_text("Completing action…")

    await expect(messages_with(clips, "Only you can see").filter(has_text="A fox in the snow")).to_be_visible()


async def test_a_press_while_another_is_being_answered_waits_for_its_turn(shown: ShownCommunity, clip: Locator) -> None:
    clips = shown.place("#clips")
    earlier = await messages_with(clips, "Only you can see").count()

    async with shown.community.page.turns:
        await clip.get_by_role("button", name="⋯").click()
        await clip.get_by_role("button", name="Remix").click(force=True)  # as people do who don't wait

    await expect(messages_with(clips, "Only you can see")).to_have_count(earlier + 1)
    await expect(clips.get_by_role("dialog")).to_be_visible()
    await clips.get_by_role("dialog").get_by_role("button", name="Cancel").click()


async def test_a_press_on_what_has_become_another_button_meanwhile_is_answered_in_words(
    shown: ShownCommunity, clip: Locator
) -> None:
    said = shown.place("#clips").get_by_text("This has changed meanwhile, so nothing was done.")
    await expect(said).to_be_hidden()

    async with seeing_nothing_new(shown, "#clips"):
        await change_buttons(shown, "remix", "other")
        await clip.get_by_role("button", name="Remix").click()
    await expect(said).to_be_visible()

    await clip.get_by_role("button", name="⋯").click()
    await expect(said).to_be_hidden()
    await change_buttons(shown, "other", "remix")
    await shown.page.reload()  # and so forget the press that did nothing
    await expect(clip).to_be_visible()


async def test_a_page_that_has_not_seen_a_clip_arrive_offers_what_can_be_chosen(shown: ShownCommunity) -> None:
    log = shown.place("#mod-log")
    await begin_command(log, "/moderate rules remove")

    async with seeing_nothing_new(shown, "#mod-log"):
        await post_something(shown)
        await log.locator('.command-option-input[data-option="rule"]').fill("spoil")
        await choose(log, "spoiler")

    await send(log)
    await expect(messages_with(log, "Prompt rule removed")).to_be_visible()


async def test_what_is_typed_in_one_channel_stays_there_when_a_form_in_another_is_done(
    shown: ShownCommunity, clip: Locator
) -> None:
    clips, composer = shown.place("#clips"), shown.place("#brainstorm").locator("#channel-composer-input")
    await clip.get_by_role("button", name="Remix").click()
    form = clips.get_by_role("dialog")
    await form.get_by_role("textbox", name="Prompt").fill("spoiler")  # which is refused

    async with shown.community.page.turns:
        await form.get_by_role("button", name="Submit").click()
        await composer.click()
        await shown.page.keyboard.type("/brain")
    await expect(form).to_have_count(0)
    await shown.page.keyboard.type("storm")

    await expect(composer).to_have_value("/brainstorm")
    await composer.fill("")


async def test_words_about_time_stay_true_on_a_page_on_which_nothing_happens(
    shown: ShownCommunity, clip: Locator
) -> None:
    clips = shown.place("#clips")
    await type_command(clips, "/clips")
    made = messages_with(clips, "Your clips in this server").locator("time.discord-timestamp").first
    await expect(made).to_have_text(re.compile(r"now|\d+ (second|minute)s? ago"))

    frame = await shown.frame("#clips")
    await frame.evaluate(THREE_MINUTES_LATER)

    await expect(made).to_have_text(re.compile("^[34] minutes ago"))
    await frame.evaluate("() => { Date.now = self.now; }")


async def test_a_team_brainstorms_from_the_idea_to_the_winner_in_a_thread_beside_the_channels(
    shown: ShownCommunity,
) -> None:
    channel, thread = shown.place("#brainstorm"), shown.place("the thread")
    await type_command(channel, "/brainstorm", idea=IDEA)
    preview = messages_with(channel, "nothing is charged yet")
    await expect(preview).to_contain_text("4 of 24 combinations")
    await expect(preview).to_contain_text("300 s left in the pool of #brainstorm")
    await preview.get_by_role("button", name="Start").click()

    board = messages_with(thread, "Round 1").filter(has=shown.page.get_by_role("button", name="Manage…"))
    await expect(board).to_contain_text("The vote ends in", timeout=LANDING_MILLISECONDS)
    await expect(shown.page.locator('iframe[title*="the thread"]')).to_be_in_viewport(ratio=0.9)
    await expect(board.locator("img, canvas"), "stills of the takes").not_to_have_count(0)
    await expect(messages_with(thread, "Take 3").filter(has=shown.page.locator("video"))).to_have_count(1)
    await board.get_by_role("button", name="Vote 2").click()
    await expect(messages_with(thread, "You chose 2.")).to_be_visible()
    await view_as(thread, "Ben")
    await board.get_by_role("button", name="Vote 3").click()
    await expect(messages_with(thread, "You chose 3.")).to_be_visible()
    await board.get_by_role("button", name="Vote 2").click()
    await expect(messages_with(thread, "You chose 2.")).to_be_visible()
    await expect(board).to_contain_text("2 have voted")

    await view_as(thread, "Mia")
    await board.get_by_role("button", name="Manage…").click()
    await thread.get_by_role("button", name="Close now").click()
    winner = messages_with(channel, "Take 2 wins with 2 of 2 votes.")
    await expect(winner.get_by_role("link", name="Open the thread")).to_be_visible()
    there = messages_with(thread, "Take 2 wins with 2 of 2 votes.")
    await expect(there.get_by_role("button", name="More like it")).to_be_enabled()


async def test_a_channel_is_no_wider_than_a_small_window(shown: ShownCommunity) -> None:
    await shown.page.set_viewport_size({"width": 390, "height": 800})
    await shown.page.locator("main").evaluate("main => main.scrollTo(0, 0)")
    await expect(shown.place("#clips").get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    await shown.page.set_viewport_size({"width": 1440, "height": 900})


async def test_a_page_whose_demo_is_out_of_reach_says_so(shown: ShownCommunity) -> None:
    ended = shown.page.get_by_text("The demo has ended.")
    await expect(ended).to_be_hidden()

    await shown.page.route("**/places", lambda route: route.abort())
    await expect(ended).to_be_visible()

    await shown.page.unroute("**/places")
    await expect(ended).to_be_hidden()
