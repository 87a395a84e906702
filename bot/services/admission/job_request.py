"""A request for a clip as it arrived, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import InvalidSpecError
from bot.models import parse_aspect, parse_duration, parse_prompt

if TYPE_CHECKING:
    from bot.models import Aspect, Lineage, Requester


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """Who asked for what, where.

    Attributes:
        aspect, duration_seconds: None where the member left it to the channel's defaults.
        lineage: what it is made from; None where it begins with a command.
        parent_member_id: who asked for the clip that it is made from; None where it begins with a command.
        is_spoiler: the clip is to be hidden until it is clicked.
        is_private: it is to go to the member's direct messages, and never to the channel.
        takes: of a brainstorm that are asked for at once, with prompts of their own and the same shape and length; None
            where it is a clip of its own.
    """

    interaction_id: int
    channel_id: int
    requester: Requester
    prompt: str
    aspect: Aspect | None = None
    duration_seconds: int | None = None
    lineage: Lineage | None = None
    parent_member_id: int | None = None
    is_spoiler: bool = False
    is_private: bool = False
    takes: int | None = None

    @property
    def clips(self) -> int:
        """How many clips it asks for."""
        return 1 if self.takes is None else self.takes

    @classmethod
    def parse(
        cls,
        *,
        interaction_id: int,
        channel_id: int,
        requester: Requester,
        prompt: object,
        aspect: object = None,
        duration_seconds: object = None,
        lineage: Lineage | None = None,
        parent_member_id: int | None = None,
        is_spoiler: object = False,
        is_private: object = False,
    ) -> JobRequest:
        """Check what came from outside, of whatever type it is; None leaves an option open.

        Raises:
            InvalidSpecError: when the prompt or an option is outside what is offered.
        """
        return cls(
            interaction_id=interaction_id,
            channel_id=channel_id,
            requester=requester,
            prompt=parse_prompt(prompt),
            aspect=None if aspect is None else parse_aspect(aspect),
            duration_seconds=None if duration_seconds is None else parse_duration(duration_seconds),
            lineage=lineage,
            parent_member_id=parent_member_id,
            is_spoiler=_parse_switch("spoiler", is_spoiler),
            is_private=_parse_switch("private", is_private),
        )


def _parse_switch(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidSpecError(field, "not_offered")
    return value
