"""How a custom id is read, and which function it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.ui.components import Components, component

if TYPE_CHECKING:
    from bot.ui.components import Press


class Doors:
    """Functions of every shape of custom id."""

    @component("door:open:{job_id}")
    async def of_a_job(self, press: Press, job_id: str) -> None: ...

    @component("door:{way:in|out}:{channel_id}:{page}")
    async def of_a_channel(self, press: Press, way: str, channel_id: int, page: int) -> None: ...

    @component("door:go:{place}:{page}")
    async def of_any_place(self, press: Press, place: str, page: int) -> None: ...

    @component("door:lift:{preview_id}:{revision}:{count}")
    async def of_a_preview(self, press: Press, preview_id: str, revision: int, count: int) -> None: ...

    @component("door:ring:{round_id}:{number}")
    async def of_a_take(self, press: Press, round_id: str, number: int) -> None: ...

    @component("door:go:lobby:{page}")
    async def of_one_place(self, press: Press, page: int) -> None: ...


def components(*owners: object) -> Components:
    async def guild_of_job(_: str) -> None: ...

    async def let_through(_: object) -> bool:
        return True

    async def keep(*_: object) -> None: ...

    made = Components(
        requester=lambda *_: pytest.fail("nobody presses anything"),
        guild_of_job=guild_of_job,
        require_served=lambda _: None,
        let_through=let_through,
        keep=keep,
    )
    made.add(*owners)
    return made


@pytest.mark.parametrize(
    ("custom_id", "template", "ids"),
    [
        ("door:open:01k2m3n4p5q6r7s8", "door:open:{job_id}", {"job_id": "01k2m3n4p5q6r7s8"}),
        (
            "door:out:9223372036854775807:3",
            "door:{way:in|out}:{channel_id}:{page}",
            {"way": "out", "channel_id": 2**63 - 1, "page": 3},
        ),
        ("door:go:first_floor:12", "door:go:{place}:{page}", {"place": "first_floor", "page": 12}),
        ("door:go:lobby:1", "door:go:lobby:{page}", {"page": 1}),
        (
            "door:lift:01k2m3n4:3:8",
            "door:lift:{preview_id}:{revision}:{count}",
            {"preview_id": "01k2m3n4", "revision": 3, "count": 8},
        ),
        ("door:ring:123:2", "door:ring:{round_id}:{number}", {"round_id": "123", "number": 2}),
    ],
)
def test_what_varies_in_a_custom_id_is_read_as_what_it_is(
    custom_id: str, template: str, ids: dict[str, object]
) -> None:
    assert components(Doors()).find(custom_id) == (template, ids)


@pytest.mark.parametrize(
    "custom_id",
    [
        *("", "door", "door:open", "door:open:", "door:open:A", "door:open:../x", f"door:open:{'a' * 26}"),
        *("door:around:1:1", "door:in:x:1", "door:in:1:x", "door:in:-1:1", "door:in:٣:1", "door:in:1:1:1"),
        *("door:in:9223372036854775808:1", "door:in:99999999999999999999:1", "door:in:1:9999999"),
        *("door:ring:A:2", "door:ring:a:x", "door:ring:a:1234567", "door:lift:a:1", "door:lift:a:b:1"),
        *("window:open:a", " door:open:a", "door:open:a\n", "xdoor:open:a"),
    ],
)
def test_a_custom_id_of_no_known_shape_names_nothing(custom_id: str) -> None:
    assert components(Doors()).find(custom_id) is None


def test_a_shape_is_there_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        components(Doors(), Doors())


def test_a_function_takes_what_its_shape_names() -> None:
    class Forgetful:
        @component("door:open:{job_id}")
        async def of_a_job(self, press: Press) -> None: ...

    with pytest.raises(ValueError, match="job_id"):
        components(Forgetful())
