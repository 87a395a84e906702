"""The video service refuses the account: the operator is told once, and jobs go on by themselves when it is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.models import profile_of
from bot.ui.text import operators
from tests.support.acts import Act, Scene, copies
from tests.support.stage import TOAPIS_API_KEY

if TYPE_CHECKING:
    from tests.e2e.conftest import Outcome
    from tests.support.discord_server import Message
    from tests.support.stage import Part, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _tell_operator(stage: Stage) -> dict[str, str]:
    return {"OPERATOR_CHANNEL_ID": str(stage.server.brainstorm.id)}


def _without_money(stage: Stage) -> dict[str, str]:
    stage.service.key_credits = 0
    return _tell_operator(stage)


def _with_another_key(stage: Stage) -> dict[str, str]:
    stage.service.api_key = "the-key-of-tomorrow"
    return _tell_operator(stage)


async def _waits(part: Part) -> Message:
    """Ask for a clip that has to wait for the operator; give what the operator was told."""
    await part.ask()
    await part.card("Waiting for the operator")
    alert = await part.until(lambda: next(iter(part.stage.server.brainstorm.messages.values()), None))
    assert not alert.pings
    return alert


async def _goes_on(part: Part) -> None:
    await part.ends()
    assert len(part.stage.server.brainstorm.messages) == 1, "alerts"


async def account_is_out_of_money_until_it_is_topped_up(part: Part) -> None:
    alert = await _waits(part)
    assert "out of money" in alert.text
    part.stage.service.key_credits = 1820
    await _goes_on(part)


async def key_is_refused_until_the_service_takes_it(part: Part) -> None:
    alert = await _waits(part)
    assert "TOAPIS_API_KEY" in alert.text
    part.stage.service.api_key = TOAPIS_API_KEY
    await _goes_on(part)


def _with_other_models(stage: Stage) -> dict[str, str]:
    stage.service.models = ["veo", "gemini-omni-flash"]
    return {}


async def model_is_not_among_the_keys_and_the_start_says_so_in_one_sentence(part: Part) -> None:
    line = await part.stage.bot.wait_for_log(level="ERROR", logger="bot.serving")
    assert line["message"] == (
        "TOAPIS_MODEL is gemini_omni, which is not among the models this key may use: veo, gemini-omni-flash."
    )
    await part.stage.bot.wait_for_log("video service reached", remaining_credits=1820)
    await part.ask()


def _with_an_unknown_model(stage: Stage) -> dict[str, str]:
    stage.service.model = "veo-9"
    stage.service.models = ["veo-9"]
    return {"TOAPIS_MODEL": "veo-9", "TOAPIS_RESOLUTION": "720p", "MAX_SECONDS_PER_DAY": "60"}


async def nothing_is_known_of_the_model_and_the_start_says_so_in_one_line(part: Part) -> None:
    line = await part.stage.bot.wait_for_log(level="WARNING", logger="bot.serving")
    assert line["message"] == operators.model_unknown(profile_of("veo-9"))
    await part.ask()
    await part.ends()


def _with_room_for_one(stage: Stage) -> dict[str, str]:
    return _tell_operator(stage) | {"MAX_SECONDS_PER_DAY": "6", "CREDITS_PER_SECOND": "20"}


async def days_ceiling_is_reached_and_told_with_what_it_costs(part: Part) -> None:
    await part.ask()
    await part.ends()
    alert = await part.until(lambda: next(iter(part.stage.server.brainstorm.messages.values()), None))
    assert alert.text.startswith(
        "`MAX_SECONDS_PER_DAY` is reached: 6 s (120 credits, $0.60) of 6 s (120 credits, $0.60) spent or waiting."
    )
    await part.stage.bot.wait_for_log(level="WARNING", ceiling="day", used=6, dollars=0.6)
    assert not any("no ceiling" in line["message"] for line in part.stage.bot.logs)


async def no_ceiling_is_set_and_the_start_warns_in_one_line(part: Part) -> None:
    lines = [await part.stage.bot.wait_for_log(level="WARNING", logger="bot.serving")]
    assert lines[0]["message"].startswith("no ceiling is set: ")
    await part.ask()
    await part.ends()
    assert [line for line in part.stage.bot.logs if line["level"] == "WARNING"] == lines


async def operator_pauses_by_hand_and_nothing_is_sent_until_they_resume(part: Part) -> None:
    by_hand = part.stage.by_hand
    assert (await by_hand("pause", "moving house")).startswith("Paused: ")
    await part.ask()
    await part.card("Paused by the bot's operator")
    status = json.loads(await by_hand("status", "--json"))
    assert (status["open_jobs"], status["processes"]) == ({"queued": 1}, [])
    assert [(pause["owner"], pause["note"]) for pause in status["pauses"]] == [("operator", "moving house")]
    assert part.stage.service.generations == {}
    await by_hand("resume")
    await part.ends()


BY_HAND = Act(scenarios=(operator_pauses_by_hand_and_nothing_is_sent_until_they_resume,))
FULL = Act(scenarios=(days_ceiling_is_reached_and_told_with_what_it_costs,), prepare=_with_room_for_one)
BOUNDLESS = Act(scenarios=(no_ceiling_is_set_and_the_start_warns_in_one_line,))
OTHER_MODELS = Act(
    scenarios=(model_is_not_among_the_keys_and_the_start_says_so_in_one_sentence,), prepare=_with_other_models
)
BROKE = Act(scenarios=copies(account_is_out_of_money_until_it_is_topped_up, 2), prepare=_without_money)
LOCKED_OUT = Act(scenarios=copies(key_is_refused_until_the_service_takes_it, 2), prepare=_with_another_key)


UNKNOWN_MODEL = Act(
    scenarios=(nothing_is_known_of_the_model_and_the_start_says_so_in_one_line,), prepare=_with_an_unknown_model
)


SCENES = [
    scene for act in (BROKE, LOCKED_OUT, OTHER_MODELS, UNKNOWN_MODEL, FULL, BOUNDLESS, BY_HAND) for scene in act.scenes
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_operator_is_told_and_no_job_is_lost_when(scene: Scene, outcome: Outcome) -> None:
    await outcome(scene)
