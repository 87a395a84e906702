"""What each model of the video service takes: one small table, beside the models' names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.errors import InvalidSpecError
from bot.models.video import PROMPT_MAX_CHARACTERS, Aspect


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """What a model takes (``docs/video-service.md``, "Models").

    Attributes:
        model: its name at the service.
        durations_seconds: the lengths it makes, shortest first; the shortest is made where nobody says which.
        aspects: the shapes it makes; the first is made where nobody says which.
        resolutions: as the service spells them; the first is asked for where the operator does not say which.
        prompt_max_characters: how long a prompt may be.
        is_known: it is in the table; else it is taken to be like the one that is the default.
    """

    model: str
    durations_seconds: tuple[int, ...]
    aspects: tuple[Aspect, ...] = (Aspect.LANDSCAPE, Aspect.PORTRAIT)
    resolutions: tuple[str, ...]
    prompt_max_characters: int = PROMPT_MAX_CHARACTERS
    is_known: bool = True

    @property
    def shortest_seconds(self) -> int:
        """Return the length of the shortest clip."""
        return self.durations_seconds[0]

    @property
    def longest_seconds(self) -> int:
        """Return the length of the longest clip."""
        return self.durations_seconds[-1]

    def longer(self, seconds: int) -> int | None:
        """Return the next length above one, or None."""
        return next((each for each in self.durations_seconds if each > seconds), None)

    def nearest_duration(self, seconds: int) -> int | None:
        """Return the nearest length that is not longer, or None."""
        return next((each for each in reversed(self.durations_seconds) if each <= seconds), None)

    def nearest_aspect(self, aspect: Aspect) -> Aspect:
        """Return a shape, or where it is not made the one that is made where nobody says which."""
        return aspect if aspect in self.aspects else self.aspects[0]

    def takes(self, aspect: Aspect, duration_seconds: int) -> bool:
        """Tell whether clips of a shape and a length are made."""
        return aspect in self.aspects and duration_seconds in self.durations_seconds

    def check(self, prompt: str, aspect: Aspect | None = None, duration_seconds: int | None = None) -> None:
        """Check what is asked for; None leaves it open.

        Raises:
            InvalidSpecError: when something is outside what is offered; it carries what is.
        """
        if len(prompt) > self.prompt_max_characters:
            raise InvalidSpecError("prompt", "too_long", offered=(self.prompt_max_characters,))
        if aspect is not None and aspect not in self.aspects:
            raise InvalidSpecError("aspect", "not_offered", offered=self.aspects)
        if duration_seconds is not None and duration_seconds not in self.durations_seconds:
            raise InvalidSpecError("duration", "not_offered", offered=self.durations_seconds)

    def spell_resolution(self, resolution: str) -> str | None:
        """Return a resolution as the service spells it for this model, in whatever case it is given; None is none."""
        folded = resolution.strip().casefold()
        return next((each for each in self.resolutions if each.casefold() == folded), None)


GEMINI_OMNI = ModelProfile(model="gemini_omni", durations_seconds=(6, 10), resolutions=("720P",))
"""The default, and what a model is taken to be like of which nothing is known."""

PROFILES = (
    GEMINI_OMNI,
    ModelProfile(model="gemini-omni-flash", durations_seconds=(4, 6, 10), resolutions=("720p", "1080p")),
)


def profile_of(model: str) -> ModelProfile:
    """Return what a model takes."""
    known = next((profile for profile in PROFILES if profile.model == model), None)
    return known or replace(GEMINI_OMNI, model=model, is_known=False)
