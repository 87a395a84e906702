"""The sandbox answers as ``docs/video-service.md`` says, over real HTTP, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import aiohttp
import av
import pytest

from bot.sandbox.faults import PROMPT_FAULTS
from bot.sandbox.toapis_server import Fault, SandboxServer
from tests.support.toapis import STARTED_AT, ManualTime, sandbox, server, service_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["server", "service_time"]

KEY = {"Authorization": "Bearer sandbox-key"}
PAYLOAD = {"model": "gemini_omni", "prompt": "a red fox", "client_business_id": "job-1"}


@pytest.fixture
async def http(server: SandboxServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as session:
        yield session


async def submit(http: aiohttp.ClientSession, **changes: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - JSON
    async with http.post("/v1/videos/generations", json=PAYLOAD | changes) as response:
        return response.status, await response.json()


async def poll(http: aiohttp.ClientSession, key: str) -> tuple[int, dict[str, Any]]:
    async with http.get(f"/v1/videos/generations/{key}") as response:
        return response.status, await response.json()


async def test_a_generation_moves_from_queued_to_completed_with_the_clock(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    _, accepted = await submit(http)
    assert accepted["status"] == "queued"

    service_time.advance(10 + 25)
    _, rendering = await poll(http, accepted["id"])
    assert (rendering["status"], rendering["progress"]) == ("in_progress", 25)

    service_time.advance(75)
    _, done = await poll(http, accepted["id"])
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert done["completed_at"] == STARTED_AT + 110
    assert done["expires_at"] == STARTED_AT + 110 + 86_400
    assert done["result"]["data"][0]["url"] == f"{server.base_url}/files/{accepted['id']}.mp4"


async def test_a_generation_is_found_by_its_client_business_id(http: aiohttp.ClientSession) -> None:
    _, accepted = await submit(http)
    assert (await poll(http, "job-1"))[1]["id"] == accepted["id"]
    status, body = await poll(http, "job-2")
    assert (status, body["error"]["code"]) == (404, "task_not_found")


async def test_more_generations_than_render_at_once_wait_in_the_queue(service_time: ManualTime) -> None:
    async with (
        sandbox(service_time, max_rendering=1) as server,
        aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as http,
    ):
        ids = [(await submit(http))[1]["id"] for _ in range(2)]
        service_time.advance(60)
        assert [(await poll(http, it))[1]["status"] for it in ids] == ["in_progress", "queued"]
        service_time.advance(60)
        assert [(await poll(http, it))[1]["status"] for it in ids] == ["completed", "in_progress"]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"prompt": " "},
        {"prompt": 7},
        {"aspect_ratio": "1:1"},
        {"duration": 7},
        {"duration": "6"},
        {"resolution": "1080P"},
    ],
)
async def test_a_payload_that_the_service_does_not_take_is_refused(
    server: SandboxServer, http: aiohttp.ClientSession, changes: dict[str, Any]
) -> None:
    status, body = await submit(http, **changes)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert not server.generations


async def test_a_wrong_key_is_refused_everywhere(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    server.api_key = "another"
    assert (await submit(http))[0] == 401
    assert (await poll(http, "job-1"))[0] == 401
    assert (await http.get("/v1/balance")).status == 401


async def test_another_endpoint_is_named_as_the_wrong_one(http: aiohttp.ClientSession) -> None:
    async with http.post("/v1/chat/completions", json={}) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"] == "invalid apitype: -1"


async def get(http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with http.get(path) as response:
        assert response.status == 200
        return await response.json()


@pytest.mark.parametrize("empty", ["key_credits", "account_credits"])
async def test_an_empty_key_or_account_takes_no_submit(
    server: SandboxServer, http: aiohttp.ClientSession, empty: str
) -> None:
    setattr(server, empty, 0)
    assert (await submit(http))[0] == 402
    path = "/v1/balance" if empty == "key_credits" else "/v1/user/balance"
    assert (await get(http, path))["remain_credits"] == 0


async def test_a_key_without_a_limit_and_an_account_without_credits_say_so(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.key_credits = server.account_credits = None
    key = await get(http, "/v1/balance")
    assert (key["remain_credits"], key["unlimited_quota"]) == (-1, True)
    assert "remain_credits" not in await get(http, "/v1/user/balance")
    assert (await submit(http))[0] == 200


async def test_video_models_are_listed_only_when_they_are_asked_for(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    listed = await get(http, "/v1/models?type=video")
    assert [model["id"] for model in listed["data"]] == ["gemini_omni"]
    listed = await get(http, "/v1/models")
    assert "gemini_omni" not in [model["id"] for model in listed["data"]]


async def test_a_generation_may_not_be_found_by_its_client_business_id(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.finds_by_business_id = False
    _, accepted = await submit(http)
    assert (await poll(http, "job-1"))[0] == 404
    assert (await poll(http, accepted["id"]))[0] == 200


async def test_a_submit_may_be_accepted_long_after_it_was_cut_off(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    server.faults.submit.append(Fault(drop=True, accept_after=20))
    with pytest.raises(aiohttp.ClientConnectionError):
        await submit(http)
    service_time.advance(19)
    assert (await poll(http, "job-1"))[0] == 404
    assert not server.generations
    service_time.advance(31)
    (accepted,) = server.paid("job-1")
    assert accepted.accepted_at == STARTED_AT + 20
    _, found = await poll(http, "job-1")
    assert (found["id"], found["status"], found["progress"]) == (accepted.id, "in_progress", 20)
    assert len(server.generations) == 1


async def test_a_late_submit_that_is_answered_after_all_is_one_generation(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    server.faults.submit.extend([Fault(accept_after=20), Fault.page(504)])
    _, accepted = await submit(http)
    service_time.advance(30)
    assert list(server.generations) == [accepted["id"]]


async def test_who_waits_for_a_late_submit_is_woken_by_it() -> None:
    async with (
        SandboxServer() as server,
        aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as http,
    ):
        server.faults.submit.append(Fault(status=504, body={}, accept_after=0.05))
        assert (await submit(http))[0] == 504
        assert not server.generations
        await asyncio.wait_for(server.until(lambda: len(server.generations) == 1), 5)


async def test_failed_generations_are_not_billed(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    server.faults.render.append(Fault.failed("no"))
    await submit(http, duration=6)
    await submit(http, duration=10, client_business_id="job-2")
    assert server.billed_seconds() == 16
    service_time.advance(300)
    assert server.billed_seconds() == 10


async def test_account_is_limited_by_minute_and_in_bursts(service_time: ManualTime) -> None:
    async with (
        sandbox(service_time, submit_limits=(3, 2)) as server,
        aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as http,
    ):

        async def post() -> tuple[int, str | None, str]:
            async with http.post("/v1/videos/generations", json=PAYLOAD) as response:
                headers = response.headers
                assert headers["X-RateLimit-Category"] == "async_submit"
                return response.status, headers.get("Retry-After"), headers["X-RateLimit-Remaining"]

        assert [await post() for _ in range(3)] == [(200, None, "2"), (200, None, "1"), (429, "10", "1")]
        service_time.advance(10)
        assert [await post() for _ in range(2)] == [(200, None, "0"), (429, "50", "0")]
        service_time.advance(50)
        assert await post() == (200, None, "1")
        server.submit_limits = None
        assert [(await submit(http))[0] for _ in range(5)] == [200] * 5


async def test_a_submit_that_was_answered_429_is_not_counted(service_time: ManualTime) -> None:
    async with (
        sandbox(service_time, submit_limits=(1, 1), query_limits=(1, 1)) as server,
        aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as http,
    ):
        server.faults.submit.append(Fault.error("rate_limit_exceeded"))
        assert [(await submit(http))[0] for _ in range(3)] == [429, 200, 429]
        assert [(await poll(http, "job-1"))[0] for _ in range(2)] == [200, 429]


async def test_answers_can_be_wrapped_and_spelled_otherwise(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    server.spellings = {"queued": "NOT_START"}
    server.faults.submit.append(Fault(wrapped=True))
    _, answer = await submit(http)
    assert (answer["code"], answer["data"]["status"]) == ("success", "NOT_START")


async def test_a_page_is_no_json(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    server.faults.submit.append(Fault.page(403, headers={"Retry-After": "3"}))
    async with http.post("/v1/videos/generations", json=PAYLOAD) as response:
        assert (response.status, response.content_type, response.headers["Retry-After"]) == (403, "text/html", "3")


async def test_a_clip_is_served_until_it_expires(http: aiohttp.ClientSession, service_time: ManualTime) -> None:
    _, accepted = await submit(http)
    service_time.advance(200)
    async with http.get(f"/files/{accepted['id']}.mp4") as response:
        with av.open(io.BytesIO(await response.read())) as container:
            assert container.streams.video[0].width == 64
    service_time.advance(86_400)
    assert (await http.get(f"/files/{accepted['id']}.mp4")).status == 404


@pytest.mark.slow
async def test_clips_are_real_videos_of_the_asked_shape_and_length(service_time: ManualTime) -> None:
    async with (
        SandboxServer(time=service_time) as server,
        aiohttp.ClientSession(base_url=server.base_url, headers=KEY) as http,
    ):
        _, accepted = await submit(http, aspect_ratio="9:16", duration=6)
        service_time.advance(200)
        async with http.get(f"/files/{accepted['id']}.mp4") as response:
            with av.open(io.BytesIO(await response.read())) as container:
                video = container.streams.video[0]
                assert (video.width, video.height) == (720, 1280)
                assert float(video.duration * video.time_base) == pytest.approx(6, abs=0.1)


async def test_what_arrived_is_recorded_with_its_time(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    _, accepted = await submit(http)
    service_time.advance(5)
    await poll(http, accepted["id"])
    assert [(it.key, it.at) for it in server.submits] == [("job-1", STARTED_AT)]
    assert [(it.key, it.at) for it in server.polls] == [(accepted["id"], STARTED_AT + 5)]
    assert [it.id for it in server.paid("job-1")] == [accepted["id"]]


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_lost_answer_may_or_may_not_have_been_accepted(
    server: SandboxServer, http: aiohttp.ClientSession, accepted: bool
) -> None:
    server.faults.submit.append(Fault(drop=True, accept=accepted))
    with pytest.raises(aiohttp.ClientConnectionError):
        await submit(http)
    assert len(server.paid("job-1")) == int(accepted)


async def test_whoever_leaves_in_the_middle_of_an_answer_is_no_traceback(
    server: SandboxServer, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.balance.append(Fault(endless=True))
    async with http.get("/v1/balance") as endless:
        await endless.content.readany()
    await submit(http)  # which is answered after the server has noticed

    await server.stop()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_an_answer_can_be_held_back_until_released(server: SandboxServer, http: aiohttp.ClientSession) -> None:
    release = asyncio.Event()
    server.faults.submit.append(Fault(hold=release, accept=True))
    waiting = asyncio.create_task(submit(http))
    await server.until(lambda: bool(server.generations))
    assert not waiting.done()
    release.set()
    assert (await waiting)[0] == 200


async def test_a_server_that_was_down_comes_back_on_its_port_and_remembers(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    _, accepted = await submit(http)
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await poll(http, accepted["id"])
    await server.start()
    assert (await poll(http, accepted["id"]))[0] == 200


async def test_a_fault_for_all_requests_ends_when_it_is_cleared(
    server: SandboxServer, http: aiohttp.ClientSession
) -> None:
    server.faults.everywhere(Fault.error("internal_error", times=None))
    assert [(await submit(http))[0] for _ in range(3)] == [500, 500, 500]
    server.faults.clear()
    assert (await submit(http))[0] == 200


async def test_a_render_can_be_told_to_end_in_failure(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime
) -> None:
    server.faults.render.append(Fault.failed("Generation failed: no reason"))
    _, accepted = await submit(http)
    assert accepted["status"] == "queued"
    service_time.advance(200)
    for _ in range(2):
        _, ended = await poll(http, accepted["id"])
        assert ended["status"] == "failed"
        assert ended["error"]["message"] == "Generation failed: no reason"
        assert "result" not in ended


@pytest.mark.parametrize("words", PROMPT_FAULTS)
async def test_words_in_a_prompt_make_its_clip_fail_and_no_other(
    server: SandboxServer, http: aiohttp.ClientSession, service_time: ManualTime, words: str
) -> None:
    async def outcome(prompt: str, business_id: str) -> str:
        try:
            status, accepted = await submit(http, prompt=prompt, client_business_id=business_id)
            if status != 200:
                return f"submit {status}"
            service_time.advance(300)
            _, ended = await poll(http, accepted["id"])
            if ended["status"] != "completed" or "result" not in ended:
                return "no result"
            async with http.get(ended["result"]["data"][0]["url"], allow_redirects=False) as file:
                head = await file.content.read(12)
            return "clip" if file.status == 200 and b"ftyp" in head else f"file {file.status}"
        except aiohttp.ClientError:
            return "lost"

    assert await outcome("a red fox", "job-1") == "clip"
    assert await outcome(f"a red fox {words}", "job-2") != "clip"
