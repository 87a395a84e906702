"""All kinds of answers that Discord, or what stands before it, may give to a request, and what each says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.discord_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.discord_server import Faults, Request, RouteKind

TIMES = 3
"""In a row: what says nothing is not believed then either."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One kind of answer.

    Attributes:
        answer: None resets the connection.
        is_done: what was asked is carried out first.
        times: how often in a row.
    """

    name: str
    answer: Answer | None
    is_done: bool = False
    times: int = TIMES

    def play(self, faults: Faults, kind: RouteKind, where: Callable[[Request], bool] = lambda _request: True) -> None:
        """Have the next requests of a kind answered so."""
        if self.answer is None:
            faults.reset(kind, stored=self.is_done, times=self.times, where=where)
        else:
            faults.answer(kind, self.answer, stored=self.is_done, times=self.times, where=where)


def _json(status: int, code: int) -> Answer:
    return Answer(status, {"code": code, "message": "made to fail"})


_PAGE = "<html>Sorry</html>"
NOT_NOW = (
    Way(name="a page with 403", answer=Answer(403, _PAGE)),
    Way(name="a page with 401", answer=Answer(401, _PAGE)),
    Way(name="404 with code 0", answer=_json(404, 0)),
    Way(name="403 with code 40333", answer=_json(403, 40333)),
    Way(name="a page with 200", answer=Answer(200, _PAGE)),
    Way(name="a page with 200 once it is done", answer=Answer(200, _PAGE), is_done=True),
    Way(name="a reset", answer=None),
    Way(name="a reset once it is done", answer=None, is_done=True),
)
"""What says nothing about the place, however often."""
REFUSED_TWICE = Way(name="an unlisted code twice", answer=_json(400, 50035), times=2)
REFUSED = Way(name="an unlisted code thrice", answer=_json(400, 50035))
GONE = Way(name="code 10003", answer=_json(404, 10003), times=1)
FORBIDDEN = Way(name="code 50013", answer=_json(403, 50013), times=1)


def code(status: int, number: int) -> Way:
    """Return a listed code, given once."""
    return Way(name=f"code {number}", answer=_json(status, number), times=1)


def ways(*chosen: Way, **values: Any) -> pytest.MarkDecorator:  # noqa: ANN401 (of the parametrisation)
    """Play a test with each of these."""
    return pytest.mark.parametrize("way", chosen, ids=lambda way: way.name, **values)
