from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import load_settings
from bot.errors import InvalidSpecError, SettingsError
from bot.models import GEMINI_OMNI, PROFILES, Aspect, ChannelRule, ModelProfile, profile_of
from bot.ui.text import operators, refusals

FLASH = profile_of("gemini-omni-flash")


def test_the_two_models_make_what_is_documented() -> None:
    assert (GEMINI_OMNI.durations_seconds, GEMINI_OMNI.resolutions) == ((6, 10), ("720P",))
    assert (FLASH.durations_seconds, FLASH.resolutions) == ((4, 6, 10), ("720p", "1080p"))
    assert all(profile.is_known for profile in PROFILES)


def test_a_model_of_which_nothing_is_known_is_taken_to_be_like_the_default_and_that_is_said() -> None:
    profile = profile_of("veo-9")

    assert (profile.model, profile.durations_seconds, profile.is_known) == ("veo-9", (6, 10), False)
    assert operators.model_unknown(profile) == (
        "nothing is known of the model veo-9 (TOAPIS_MODEL): it is taken to make what gemini_omni does, "
        "clips of 6 or 10 s in 720P"
    )


@pytest.mark.parametrize(
    ("profile", "seconds", "longer", "nearest"),
    [
        (GEMINI_OMNI, 6, 10, 6),
        (GEMINI_OMNI, 10, None, 10),
        (GEMINI_OMNI, 4, 6, None),
        (GEMINI_OMNI, 12, None, 10),
        (FLASH, 4, 6, 4),
        (FLASH, 8, 10, 6),
        (FLASH, 3, 4, None),
    ],
)
def test_the_next_length_and_the_nearest_that_is_not_longer(
    profile: ModelProfile, seconds: int, longer: int | None, nearest: int | None
) -> None:
    assert (profile.longer(seconds), profile.nearest_duration(seconds)) == (longer, nearest)


@given(st.sampled_from(PROFILES), st.integers(1, 600))
def test_the_nearest_length_is_offered_not_longer_and_none_fits_better(profile: ModelProfile, seconds: int) -> None:
    nearest = profile.nearest_duration(seconds)

    fitting = [each for each in profile.durations_seconds if each <= seconds]
    assert nearest == (max(fitting) if fitting else None)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("a fox", None, 7), "That length is not on offer; choose 4, 6 or 10 seconds."),
        (("a" * 2001, None, None), "That prompt is too long; use at most 2,000 characters."),
    ],
)
def test_what_a_model_does_not_make_is_refused_with_what_it_does(
    asked: tuple[str, Aspect | None, int | None], sentence: str
) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        FLASH.check(*asked)

    assert refusals.explain(refused.value) == sentence


def test_shapes_that_a_model_lacks_are_refused_and_its_own_is_taken_for_a_default() -> None:
    wide = ModelProfile(model="wide", durations_seconds=(5,), aspects=(Aspect.LANDSCAPE,), resolutions=("4K",))

    with pytest.raises(InvalidSpecError) as refused:
        wide.check("a fox", Aspect.PORTRAIT)
    assert refusals.explain(refused.value) == "That shape is not on offer; choose Landscape 16:9."
    rule = ChannelRule(guild_id=1, channel_id=2, aspect=Aspect.PORTRAIT, duration_seconds=4)
    assert rule.fitted(wide) == ChannelRule(guild_id=1, channel_id=2, aspect=Aspect.LANDSCAPE)


@pytest.mark.parametrize(
    ("model", "resolution", "asked"),
    [
        ("gemini_omni", None, "720P"),
        ("gemini_omni", "720p", "720P"),
        ("gemini-omni-flash", None, "720p"),
        ("gemini-omni-flash", "1080P", "1080p"),
        ("veo-9", " 720P ", "720P"),
    ],
)
def test_a_resolution_is_asked_for_in_the_models_own_spelling(
    monkeypatch: pytest.MonkeyPatch, secrets: None, model: str, resolution: str | None, asked: str
) -> None:
    monkeypatch.setenv("TOAPIS_MODEL", model)
    if resolution is not None:
        monkeypatch.setenv("TOAPIS_RESOLUTION", resolution)

    assert load_settings().resolution == asked


def test_a_resolution_that_the_model_lacks_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, secrets: None
) -> None:
    monkeypatch.setenv("TOAPIS_MODEL", "gemini-omni-flash")
    monkeypatch.setenv("TOAPIS_RESOLUTION", "4k")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value) == "TOAPIS_RESOLUTION is wrong: gemini-omni-flash has 720p or 1080p."


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("TOAPIS_API_KEY", "key")
