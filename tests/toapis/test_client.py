"""The client against the sandbox over real HTTP: each of the service's errors, and what gets lost."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import (
    Aspect,
    Balance,
    ContentPolicyError,
    GenerationNotFoundError,
    GenerationStatus,
    InsufficientFundsError,
    ModelAccessError,
    NoAnswerError,
    NotTakenError,
    RateLimitedError,
    RateLimitStatus,
    RequestRejectedError,
    ServiceFaultError,
    UnauthorizedError,
    VideoServiceError,
    VideoSpec,
    WrongEndpointError,
)
from bot.sandbox.faults import ERRORS
from bot.sandbox.toapis_server import Fault, SandboxServer
from tests.support.rooms import FreeRoom
from tests.support.toapis import STARTED_AT, ManualTime, client_of, sandbox, server, service_time, tiny_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.services.ports import VideoService
    from bot.toapis.client import ToApisClient

__all__ = ["server", "service_time"]

FOX = VideoSpec(prompt="a red fox", aspect=Aspect.PORTRAIT, duration_seconds=10)
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@pytest.fixture
async def client(server: SandboxServer) -> AsyncIterator[ToApisClient]:
    async with client_of(server) as opened:
        yield opened


# When all goes well ------------------------------------------------------------------------------


async def test_a_clip_is_submitted_rendered_and_downloaded(
    server: SandboxServer, client: ToApisClient, service_time: ManualTime, tmp_path: Path
) -> None:
    service: VideoService = client
    accepted = await service.submit(FOX, client_business_id="job-1")
    assert accepted.status is GenerationStatus.QUEUED

    service_time.advance(60)
    rendering = await service.fetch_generation(accepted.id)
    assert (rendering.status, rendering.progress) == (GenerationStatus.IN_PROGRESS, 50)

    service_time.advance(60)
    done = await service.fetch_generation(accepted.id)
    assert done.status is GenerationStatus.COMPLETED
    assert done.expires_at == datetime.fromtimestamp(STARTED_AT + 110 + 86_400, UTC)
    assert done.result_url is not None
    await service.download(done.result_url, tmp_path / "clip.mp4", FreeRoom())
    assert (tmp_path / "clip.mp4").read_bytes() == tiny_clip()
    assert [request.kind for request in server.requests] == ["submit", "poll", "poll", "file"]


async def test_a_submit_carries_the_clip_and_the_key(server: SandboxServer, client: ToApisClient) -> None:
    await client.submit(FOX, client_business_id="job-1")
    assert server.submits[0].headers["Authorization"] == "Bearer sandbox-key"
    assert server.submits[0].payload["aspect_ratio"] == "9:16"
    assert server.submits[0].payload["resolution"] == "720P"


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_base_address_may_end_in_v1_or_a_slash(server: SandboxServer, suffix: str) -> None:
    async with client_of(server, base_url=server.base_url + suffix) as client:
        assert await client.fetch_balance() == Balance(key_credits=1820, account_credits=1820)


async def test_credits_are_the_keys_and_the_accounts(server: SandboxServer, client: ToApisClient) -> None:
    server.key_credits, server.account_credits = 100, 1820
    assert (await client.fetch_balance()).credits == 100
    server.key_credits = None
    assert await client.fetch_balance() == Balance(key_credits=math.inf, account_credits=1820)
    server.account_credits = None
    assert (await client.fetch_balance()).credits is None


async def test_key_is_bad_only_by_its_own_check(server: SandboxServer, client: ToApisClient) -> None:
    server.faults.account.append(Fault.error("unauthorized"))
    assert await client.fetch_balance() == Balance(key_credits=1820)
    server.faults.balance.append(Fault.error("unauthorized"))
    with pytest.raises(UnauthorizedError):
        await client.fetch_balance()


async def test_balance_that_only_one_of_both_tells_is_unknown(server: SandboxServer, client: ToApisClient) -> None:
    server.faults.balance.append(Fault.page(404))
    balance = await client.fetch_balance()
    assert (balance.account_credits, balance.credits) == (1820, None)


async def test_models_are_those_of_the_key(server: SandboxServer, client: ToApisClient) -> None:
    assert await client.fetch_models() == [client.model] == ["gemini_omni"]
    server.models = ["veo", "gemini-omni-flash"]
    assert await client.fetch_models() == ["veo", "gemini-omni-flash"]
    server.models = []
    assert await client.fetch_models() == []
    server.faults.models.append(Fault(change={"data": None}))
    assert await client.fetch_models() is None
    server.faults.models.append(Fault.error("unauthorized"))
    with pytest.raises(UnauthorizedError):
        await client.fetch_models()


async def test_wrapped_answer_in_other_spellings_is_the_same_answer(
    server: SandboxServer, client: ToApisClient, service_time: ManualTime
) -> None:
    server.faults.submit.append(Fault(wrapped=True))
    server.spellings = {"queued": "NOT_START", "completed": "SUCCESS"}
    accepted = await client.submit(FOX, client_business_id="job-1")
    assert accepted.status is GenerationStatus.QUEUED
    service_time.advance(200)
    server.faults.poll.append(Fault(wrapped=True, change={"progress": "100%"}))
    done = await client.fetch_generation(accepted.id)
    assert (done.id, done.status, done.progress) == (accepted.id, GenerationStatus.COMPLETED, 100)
    assert done.result_url is not None


@pytest.mark.parametrize("wrapping", ["inside", "outside", "nowhere"])
async def test_generation_that_was_asked_for_need_not_name_itself(
    server: SandboxServer, client: ToApisClient, service_time: ManualTime, wrapping: str
) -> None:
    accepted = await client.submit(FOX, client_business_id="job-1")
    service_time.advance(200)
    url = f"{server.base_url}/files/{accepted.id}.mp4"
    body = {"code": "success", "data": {"status": "SUCCESS", "progress": "100%", "result_url": url}}
    if wrapping == "inside":
        body["data"] |= {"task_id": accepted.id}
    elif wrapping == "outside":
        body |= {"id": accepted.id}
    server.faults.poll.append(Fault(status=200, body=body))
    done = await client.fetch_generation(accepted.id)
    assert (done.id, done.status, done.result_url) == (accepted.id, GenerationStatus.COMPLETED, url)


@pytest.mark.parametrize("http_status", [200, 400, 404, 422, 500])
async def test_generation_that_failed_is_one_under_any_http_status(
    server: SandboxServer, client: ToApisClient, http_status: int
) -> None:
    accepted = await client.submit(FOX, client_business_id="job-1")
    error = {"code": "generation_failed", "message": "no GPU"}
    server.faults.poll.append(Fault(status=http_status, body={"id": accepted.id, "status": "failed", "error": error}))
    failed = await client.fetch_generation("job-1")
    assert (failed.id, failed.status, failed.error_message) == (accepted.id, GenerationStatus.FAILED, "no GPU")


async def test_limits_come_with_answers_and_refusals(service_time: ManualTime) -> None:
    async with sandbox(service_time, submit_limits=(2, 2)) as server, client_of(server) as client:
        first = await client.submit(FOX, client_business_id="job-1")
        assert first.rate_limit is not None
        assert (first.rate_limit.limit, first.rate_limit.remaining) == (2, 1)
        await client.submit(FOX, client_business_id="job-2")
        error = await error_of(client, "submit")
        assert type(error) is RateLimitedError
        assert error.retry_after_seconds == 60
        assert error.rate_limit is not None
        assert error.rate_limit.remaining == 0
        assert (await client.fetch_generation("job-1")).rate_limit is None


async def test_limits_of_another_kind_are_not_taken_over(server: SandboxServer, client: ToApisClient) -> None:
    headers = {"X-RateLimit-Remaining": "1", "X-RateLimit-Category": "async_submit"}
    server.faults.everywhere(Fault.error("internal_error", headers=headers))
    assert (await error_of(client, "submit")).rate_limit == RateLimitStatus(remaining=1)
    assert (await error_of(client, "poll")).rate_limit is None


async def test_an_answer_keeps_the_id_of_its_exchange(client: ToApisClient) -> None:
    accepted = await client.submit(FOX, client_business_id="job-1")
    assert accepted.request_id is not None
    assert accepted.request_id.startswith("req-")


async def test_a_failed_generation_says_why(
    server: SandboxServer, client: ToApisClient, service_time: ManualTime
) -> None:
    server.faults.render.append(Fault.failed("Generation failed: Content violates the content policy"))
    accepted = await client.submit(FOX, client_business_id="job-1")
    service_time.advance(200)
    ended = await client.fetch_generation(accepted.id)
    assert (ended.status, ended.error_code) == (GenerationStatus.FAILED, "generation_failed")
    assert ended.error_message == "Generation failed: Content violates the content policy"


async def test_a_completed_answer_with_no_address_has_none(
    server: SandboxServer, client: ToApisClient, service_time: ManualTime
) -> None:
    server.faults.render.append(Fault(change={"result": None}))
    accepted = await client.submit(FOX, client_business_id="job-1")
    service_time.advance(200)
    ended = await client.fetch_generation(accepted.id)
    assert (ended.status, ended.result_url) == (GenerationStatus.COMPLETED, None)


async def test_a_status_nobody_documented_is_logged_once(
    server: SandboxServer, client: ToApisClient, caplog: pytest.LogCaptureFixture
) -> None:
    accepted = await client.submit(FOX, client_business_id="job-1")
    server.faults.poll.append(Fault(change={"status": "on_hold"}, times=3))
    statuses = [(await client.fetch_generation(accepted.id)).status for _ in range(3)]
    assert statuses == [GenerationStatus.UNKNOWN] * 3
    records = [it for it in caplog.records if it.levelno == logging.WARNING]
    assert [(vars(it)["status"], vars(it)["generation_id"]) for it in records] == [("on_hold", accepted.id)]


async def test_states_nobody_documented_do_not_fill_the_log(
    server: SandboxServer, client: ToApisClient, caplog: pytest.LogCaptureFixture
) -> None:
    accepted = await client.submit(FOX, client_business_id="job-1")
    for number in range(110):
        server.faults.poll.append(Fault(change={"status": f"state {number}"}))
        await client.fetch_generation(accepted.id)
    assert len([it for it in caplog.records if it.levelno == logging.WARNING]) == 100


# The error table ---------------------------------------------------------------------------------

ERROR_ROWS = [
    ("invalid_request", RequestRejectedError, RequestRejectedError, "invalid_request"),
    ("invalid_apitype", WrongEndpointError, WrongEndpointError, "invalid_apitype"),
    ("task_not_exist", NoAnswerError, GenerationNotFoundError, "task_not_exist"),
    ("unauthorized", UnauthorizedError, UnauthorizedError, "unauthorized"),
    ("insufficient_quota", InsufficientFundsError, InsufficientFundsError, "insufficient_quota"),
    ("task_not_found", NoAnswerError, GenerationNotFoundError, "task_not_found"),
    ("content_policy_violation", ContentPolicyError, ContentPolicyError, "content_policy_violation"),
    ("rate_limit_exceeded", RateLimitedError, RateLimitedError, "rate_limit_exceeded"),
    ("internal_error", ServiceFaultError, ServiceFaultError, "internal_error"),
    ("rate_limit_unavailable", NotTakenError, ServiceFaultError, "rate_limit_unavailable"),
    ("insufficient_user_quota", InsufficientFundsError, InsufficientFundsError, "insufficient_user_quota"),
    ("insufficient_quota_429", InsufficientFundsError, InsufficientFundsError, "insufficient_quota"),
    ("quota_under_a_number", InsufficientFundsError, InsufficientFundsError, "400"),
    ("model_access_denied", ModelAccessError, ModelAccessError, "model_access_denied"),
    ("model_not_found", ModelAccessError, ModelAccessError, "model_not_found"),
    ("access_denied", ModelAccessError, ModelAccessError, "access_denied"),
    ("moderation_blocked", ContentPolicyError, ContentPolicyError, "moderation_blocked"),
    ("sensitive_words_detected", ContentPolicyError, ContentPolicyError, "sensitive_words_detected"),
    ("moderation_under_500", ContentPolicyError, ServiceFaultError, "DataInspectionFailed"),
    ("moderation_in_words", ContentPolicyError, RequestRejectedError, "400"),
    ("no_route", NoAnswerError, NoAnswerError, "invalid_request_error"),
    ("account_suspended", UnauthorizedError, UnauthorizedError, "account_suspended"),
    ("upstreams_key", ServiceFaultError, ServiceFaultError, "fail_to_fetch_task"),
    ("duplicate", ServiceFaultError, ServiceFaultError, "duplicate_client_business_id"),
    ("wrong_duration", RequestRejectedError, RequestRejectedError, "invalid_request_error"),
    ("price_missing", ModelAccessError, ModelAccessError, "model_price_error"),
]


async def ask(client: ToApisClient, kind: str) -> object:
    if kind == "submit":
        return await client.submit(FOX, client_business_id="job-1")
    if kind == "poll":
        return await client.fetch_generation("job-1")
    return await client.fetch_balance()


async def error_of(client: ToApisClient, kind: str) -> VideoServiceError:
    with pytest.raises(VideoServiceError) as raised:
        await ask(client, kind)
    return raised.value


def test_every_error_of_the_sandbox_is_a_row() -> None:
    assert [row[0] for row in ERROR_ROWS] == list(ERRORS)


@pytest.mark.parametrize(("name", "on_submit", "on_poll", "code"), ERROR_ROWS)
async def test_each_row_of_the_error_table_is_its_own_error(
    server: SandboxServer,
    client: ToApisClient,
    name: str,
    on_submit: type[VideoServiceError],
    on_poll: type[VideoServiceError],
    code: str,
) -> None:
    server.faults.everywhere(Fault.error(name, headers={"X-Request-Id": "req-7"}, times=None))
    for kind, expected in (("submit", on_submit), ("poll", on_poll)):
        error = await error_of(client, kind)
        assert type(error) is expected
        assert (error.http_status, error.code, error.request_id) == (ERRORS[name].status, code, "req-7")
    assert not server.generations


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.error("insufficient_user_quota", status=200), InsufficientFundsError),
        (Fault.task_error("insufficient_user_quota", "no", status=200), InsufficientFundsError),
        (Fault(status=200, body={"success": False, "message": "no"}), ServiceFaultError),
    ],
)
async def test_error_under_http_200_is_an_error(
    server: SandboxServer, client: ToApisClient, fault: Fault, expected: type[VideoServiceError]
) -> None:
    for kind in ("submit", "poll"):
        server.faults.clear()
        server.faults.everywhere(fault)
        assert type(await error_of(client, kind)) is expected


@pytest.mark.parametrize("http_status", [200, 400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 524])
@pytest.mark.parametrize("fault", [Fault.page, Fault.foreign, Fault.status_line])
async def test_proxys_answer_says_nothing_whatever_its_status(
    server: SandboxServer, client: ToApisClient, http_status: int, fault: Callable[[int], Fault]
) -> None:
    for kind in ("submit", "poll"):
        server.faults.everywhere(fault(http_status))
        error = await error_of(client, kind)
        assert isinstance(error, NoAnswerError)
        assert (error.is_foreign, error.http_status) == (True, http_status)
        assert "<html" not in str(error)


async def test_a_wrong_path_under_the_base_address_is_the_wrong_endpoint(server: SandboxServer) -> None:
    async with client_of(server, base_url=server.base_url + "/v1/chat") as client:
        assert type(await error_of(client, "submit")) is WrongEndpointError


@pytest.mark.parametrize(
    ("headers", "body", "request_id"),
    [
        ({"X-Oneapi-Request-Id": "one-1"}, "", "one-1"),
        ({"X-Request-Id": ""}, {"success": False, "message": "no (request id: 2026abc)"}, "2026abc"),
        ({"X-Request-Id": ""}, {"error": {"message": "no (Request ID: 2026abc)", "code": 7}}, "2026abc"),
        ({"X-Request-Id": ""}, "", None),
    ],
)
async def test_the_request_id_is_found_wherever_it_stands(
    server: SandboxServer,
    client: ToApisClient,
    headers: dict[str, str],
    body: dict[str, Any] | str,
    request_id: str | None,
) -> None:
    server.faults.poll.append(Fault(status=403, headers={"X-Request-Id": ""} | headers, body=body))
    assert (await error_of(client, "poll")).request_id == request_id


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 14 Jan 2026 10:00:30 GMT", 30.0), (None, None)])
async def test_retry_after_is_seconds_or_a_date_by_the_given_clock(
    server: SandboxServer, header: str | None, seconds: float | None
) -> None:
    headers = {"Retry-After": header} if header else {}
    server.faults.submit.append(Fault.error("rate_limit_exceeded", headers=headers))
    async with client_of(server, now=lambda: datetime(2026, 1, 14, 10, 0, tzinfo=UTC)) as client:
        error = await error_of(client, "submit")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == seconds


# Answers that are none ---------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "{", HTML, "null", "[]", "{}", '{"status": "queued"}', '{"success": false}'])
async def test_a_yes_nobody_can_read_is_no_answer(server: SandboxServer, client: ToApisClient, body: str) -> None:
    server.faults.everywhere(Fault(status=200, body=body))
    for kind in ("submit", "poll"):
        error = await error_of(client, kind)
        assert isinstance(error, NoAnswerError)
        assert (error.is_foreign, error.http_status) == (True, 200)
    assert len(server.requests) == 2


async def test_an_answer_that_never_ends_is_not_read_to_its_end(server: SandboxServer, client: ToApisClient) -> None:
    server.faults.poll.append(Fault(endless=True))
    assert_is_foreign(await error_of(client, "poll"))


def assert_is_foreign(error: VideoServiceError) -> None:
    assert type(error) is NoAnswerError
    assert error.is_foreign


async def test_what_does_not_speak_http_is_not_the_service() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1") as listener:
        host, port = listener.sockets[0].getsockname()
        async with client_of(SandboxServer(), base_url=f"http://{host}:{port}") as client:
            error = await error_of(client, "submit")
    assert_is_foreign(error)
    assert_says_no_secret(error)


async def test_a_redirect_is_not_followed_and_the_key_stays_here(server: SandboxServer, client: ToApisClient) -> None:
    async with SandboxServer(api_key=server.api_key) as elsewhere:
        moved = Fault(status=307, headers={"Location": f"{elsewhere.base_url}/v1/balance"}, times=None)
        server.faults.everywhere(moved)
        for kind in ("submit", "poll", "balance"):
            error = await error_of(client, kind)
            assert_is_foreign(error)
            assert error.http_status == 307
        assert not elsewhere.requests


@pytest.mark.slow
async def test_a_service_that_never_answers_is_given_up(server: SandboxServer) -> None:
    server.faults.everywhere(Fault(hold=asyncio.Event(), times=None))
    async with client_of(server, submit_timeout_seconds=0.05, poll_timeout_seconds=0.05) as client:
        for kind in ("submit", "poll", "balance"):
            assert type(await error_of(client, kind)) is NoAnswerError


# Retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [Fault.page(503, headers={"X-Request-Id": "req-9"}, times=2), Fault(drop=True, times=2)]
)
async def test_question_about_the_account_is_asked_twice_more(
    server: SandboxServer, client: ToApisClient, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    server.faults.balance.append(fault)
    assert (await client.fetch_balance()).credits == 1820
    assert [it.kind for it in server.requests].count("balance") == 3
    warned = [vars(it)["request_id"] for it in caplog.records if it.levelno == logging.WARNING]
    assert warned == [fault.headers.get("X-Request-Id")] * 2


async def test_question_about_the_account_is_asked_three_times_at_most(
    server: SandboxServer, client: ToApisClient
) -> None:
    server.faults.models.append(Fault.error("internal_error", times=None))
    with pytest.raises(ServiceFaultError):
        await client.fetch_models()
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [Fault.error("unauthorized"), Fault.page(403), Fault(status=200, body="")])
async def test_question_that_was_answered_is_not_asked_again(
    server: SandboxServer, client: ToApisClient, fault: Fault
) -> None:
    server.faults.models.append(fault)
    with pytest.raises(VideoServiceError):
        await client.fetch_models()
    assert len(server.requests) == 1


async def test_the_waits_between_questions_are_jittered(server: SandboxServer) -> None:
    server.faults.models.append(Fault.error("internal_error", times=None))
    asked: list[float] = []

    def jitter() -> float:
        asked.append(1.0)
        return 1.0

    async with client_of(server, jitter=jitter) as client:
        with pytest.raises(ServiceFaultError):
            await client.fetch_models()
    assert len(asked) == 2


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(drop=True), Fault(status=429), Fault(status=408)])
@pytest.mark.parametrize("kind", ["submit", "poll"])
async def test_submit_and_poll_are_sent_exactly_once(
    server: SandboxServer, client: ToApisClient, kind: str, fault: Fault
) -> None:
    await client.fetch_balance()  # so that they go over a connection that was kept alive
    server.faults.everywhere(fault)
    await error_of(client, kind)
    assert [it.kind for it in server.requests].count(kind) == 1


# Reconcile ---------------------------------------------------------------------------------------


async def test_a_lost_answer_to_an_accepted_submit_is_found_by_the_client_business_id(
    server: SandboxServer, client: ToApisClient
) -> None:
    server.faults.submit.append(Fault(drop=True, accept=True))
    assert type(await error_of(client, "submit")) is NoAnswerError
    found = await client.fetch_generation("job-1")
    assert [it.id for it in server.paid("job-1")] == [found.id]


async def test_a_submit_that_never_arrived_is_known_not_to_have(server: SandboxServer, client: ToApisClient) -> None:
    server.faults.submit.append(Fault(drop=True))
    assert type(await error_of(client, "submit")) is NoAnswerError
    with pytest.raises(GenerationNotFoundError):
        await client.fetch_generation("job-1")


async def test_a_key_with_signs_of_an_address_stays_one_key(server: SandboxServer, client: ToApisClient) -> None:
    with pytest.raises(GenerationNotFoundError):
        await client.fetch_generation("a/b?c#d e%2f")
    assert server.polls[0].key == "a/b?c#d e%2f"


# Secrets -----------------------------------------------------------------------------------------


def assert_says_no_secret(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error))
    chain: BaseException | None = error
    while chain is not None:
        told += repr(chain) + str(chain)
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    assert "sandbox-key" not in told


async def test_the_key_is_in_no_repr_log_line_or_error(
    server: SandboxServer, client: ToApisClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert "sandbox-key" not in repr(client)
    quoting = {"error": {"message": "Incorrect API key provided: sandbox-key", "code": "sandbox-key"}}
    for fault in (
        Fault(status=401, body=quoting),
        Fault(status=500, body=json.dumps(quoting), times=3),
        Fault(status=403, body=quoting),
        Fault(status=200, body=HTML),
        Fault(drop=True, times=3),
        Fault(status=302, headers={"Location": "/elsewhere"}),
    ):
        for kind in ("submit", "poll", "balance"):
            server.faults.clear()
            server.faults.everywhere(fault)
            assert_says_no_secret(await error_of(client, kind))
    server.faults.clear()
    server.faults.render.append(Fault.failed("refused for sandbox-key"))
    accepted = await client.submit(FOX, client_business_id="job-1")
    server.faults.poll.append(Fault(change={"status": "sandbox-key"}))
    assert "sandbox-key" not in repr(await client.fetch_generation(accepted.id))
    ours = [it for it in caplog.records if it.name.startswith("bot.")]
    assert ours
    assert "sandbox-key" not in "".join(repr(vars(it)) for it in ours)
