"""What is answered over HTTP, and that nothing which hangs holds it up."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from typing import TYPE_CHECKING

import pytest

from bot.errors import PortTakenError, SettingsError
from bot.models import Balance, JobState, RateLimitStatus
from bot.sandbox.faults import Fault
from bot.web import watching
from tests.support.another_program import AnotherProgram
from tests.support.clocks import ServiceClock
from tests.support.faults import FlakyDatabase, Hold
from tests.support.seen import seen_from_outside

if TYPE_CHECKING:
    from tests.support.seen import Seen
    from tests.support.workshop import Workshop

PROMPT = "a fox that nobody may read of"
GUILDS_FROM, MEMBERS_FROM = 700_123_456_789_000, 800_123_456_789_000


# Health ------------------------------------------------------------------------------------------


async def test_bot_that_is_connected_and_has_a_database_is_ready(seen: Seen) -> None:
    assert await seen.get("/healthz") == (200, "ok\n")
    assert await seen.get("/readyz") == (200, "ready\n")
    assert (await seen.figures())["reelay_ready"] == 1


async def test_bot_that_a_connection_to_discord_is_missing_of_is_healthy_and_not_ready(seen: Seen) -> None:
    seen.gateway.shards_connected = 1

    assert await seen.get("/healthz") == (200, "ok\n")
    assert await seen.get("/readyz") == (503, "not ready: connected to Discord on 1 of 2 connections\n")
    assert (await seen.figures())["reelay_ready"] == 0

    seen.gateway.shards_connected, seen.gateway.shard_count = 0, None  # as long as it has not signed in
    assert await seen.get("/readyz") == (503, "not ready: connected to Discord on 0 of some connections\n")


async def test_bot_is_not_ready_while_something_due_waits_for_more_than_30_s(seen: Seen, workshop: Workshop) -> None:
    await workshop.run_until(seen.process, await workshop.accept(seen.process), JobState.READY)
    workshop.time.advance(29)
    assert await seen.get("/readyz") == (200, "ready\n")

    workshop.time.advance(3)
    assert await seen.get("/readyz") == (503, "not ready: something has been due for 32 s\n")

    await seen.process.worker.tick()
    workshop.time.advance(3)
    assert await seen.get("/readyz") == (200, "ready\n")


async def test_nothing_but_get_and_head_is_answered_and_no_long_request(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for method in ("POST", "PUT", "DELETE"):
        async with seen.session.request(method, "/metrics") as response:
            assert response.status == 405
    async with seen.session.head("/readyz") as response:
        assert response.status == 200
    async with seen.session.get("/healthz", headers={"X-Long": "a" * 5000}) as response:
        assert response.status == 400
    assert (await seen.get("/"))[0] == 404
    assert not caplog.records  # else whoever tries ports would fill the log


# Figures -----------------------------------------------------------------------------------------


async def test_whatever_format_is_asked_for_figures_are_given(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("text/plain", "application/openmetrics-text"):
        for wanted in ("", ";version=1.0.0", ";version=two", ";version=1.x;escaping=none", ";q=a;;="):
            async with seen.session.get("/metrics", headers={"Accept": f"{kind}{wanted}"}) as response:
                assert (response.status, "reelay_ready 1" in await response.text()) == (200, True)
    assert not caplog.records


async def test_figures_tell_of_work_spend_credits_and_limits(seen: Seen, workshop: Workshop) -> None:
    job_ids = [await workshop.accept(seen.process, member_id=member_id) for member_id in range(1, 7)]
    await seen.process.worker.tick()
    await seen.process.cancel(job_ids[-1])
    seen.process.throttle.submit.hold(ServiceClock(workshop.time).now(), 40)
    reset_at = ServiceClock(workshop.time).now().replace(microsecond=0)
    reset_at = reset_at.replace(year=reset_at.year + 1)
    seen.process.throttle.poll.note_told(RateLimitStatus(limit=300, remaining=120, reset_at=reset_at))
    workshop.time.advance(10)
    figures = await seen.figures()

    assert figures["reelay_jobs[rendering]"] == 4
    assert figures["reelay_jobs[queued]"] == 1
    assert figures["reelay_jobs[ready]"] == 0
    assert {name: figures[name] for name in figures if name.startswith("reelay_jobs_ended_last_hour")} == {
        "reelay_jobs_ended_last_hour[cancelled_by_moderator][cancelled]": 1
    }
    assert figures["reelay_oldest_waiting_seconds"] == pytest.approx(10, abs=0.1)
    assert (figures["reelay_render_slots_taken"], figures["reelay_render_slots"]) == (4, 4)
    assert figures["reelay_spend_seconds[day]"] == 30
    assert figures["reelay_spend_ceiling_seconds[day]"] == 600
    assert figures["reelay_credits_left"] > figures["reelay_low_balance_credits"] == 1000
    assert figures["reelay_requests_held_seconds[submit]"] == pytest.approx(30, abs=0.1)
    assert figures["reelay_rate_limit_remaining[poll]"] == 120
    assert figures["reelay_step_seconds_count[submit]"] == 4
    assert figures["reelay_write_lock_wait_seconds_count"] > 0
    assert figures["reelay_discord_latency_seconds"] == 0.08
    assert figures["reelay_discord_rate_limited_total"] == 3
    assert figures["reelay_temporary_limit_bytes"] == 1_000_000_000
    assert figures["reelay_disk_free_bytes[database]"] > 0
    assert figures["reelay_last_backup_timestamp_seconds"] == 1772582400
    assert figures["reelay_clock_offset_seconds"] == 0.25


async def test_delay_with_which_a_finished_clip_is_noticed_is_measured_once(seen: Seen, workshop: Workshop) -> None:
    await workshop.accept(seen.process)
    await workshop.run_until_idle(seen.process)
    figures = await seen.figures()

    assert figures["reelay_notice_delay_seconds_count"] == 1
    assert 0 < figures["reelay_notice_delay_seconds_sum"] < 5
    assert figures["reelay_step_seconds_count[deliver]"] == 1
    assert figures["reelay_jobs_ended_last_hour[][delivered]"] == 1


async def test_pause_is_shown_with_its_reason(seen: Seen, workshop: Workshop) -> None:
    workshop.server.faults.submit.append(Fault.error("unauthorized"))
    await workshop.accept(seen.process)
    await seen.process.worker.tick()
    figures = await seen.figures()

    paused = {name: value for name, value in figures.items() if name.startswith("reelay_submitting_paused")}
    assert paused["reelay_submitting_paused[unauthorized]"] == 1
    assert sum(paused.values()) == 1


async def test_pause_by_hand_is_shown_as_the_operators(seen: Seen) -> None:
    await seen.process.services.operating.pause(by="member 7", reason="moving house")
    await seen.process.worker.tick()

    figures = await seen.figures()

    assert figures["reelay_submitting_paused[operator]"] == 1


async def test_what_nobody_knows_is_left_out(workshop: Workshop) -> None:
    async def fetch_no_balance() -> Balance:
        return Balance()

    folders = {"temporary": workshop.folder, "database": workshop.folder / "gone"}
    unknown = {"last_backup_at": lambda: None, "clock_offset_seconds": lambda: None, "folders": folders}
    async with seen_from_outside(workshop, fetch_balance=fetch_no_balance, **unknown) as seen:
        seen.gateway.slowest_latency_seconds = None
        figures = await seen.figures()
        names = {re.sub(r"\[.*", "", name) for name in figures}

    assert figures["reelay_disk_free_bytes[temporary]"] > 0
    assert "reelay_disk_free_bytes[database]" not in figures
    assert not names & {
        "reelay_last_backup_timestamp_seconds",
        "reelay_clock_offset_seconds",
        "reelay_discord_latency_seconds",
        "reelay_credits_left",
        "reelay_rate_limit_remaining",
    }


async def test_figures_name_nobody_and_grow_no_further_with_servers_and_members(seen: Seen, workshop: Workshop) -> None:
    async def series() -> set[str]:
        workshop.time.advance(3)
        return set(await seen.figures())

    job_ids = [await workshop.accept(seen.process, PROMPT)]
    await workshop.run_until_idle(seen.process)
    before = await series()
    for number in range(5):
        ids = {"guild_id": GUILDS_FROM + number, "member_id": MEMBERS_FROM + number}
        job_ids.append(await workshop.accept(seen.process, PROMPT, **ids))
    await workshop.run_until_idle(seen.process)
    after = await series()

    assert after == before
    text = (await seen.get("/metrics"))[1]
    names = (PROMPT, *job_ids, str(GUILDS_FROM + 1), str(MEMBERS_FROM + 1), "loopback")
    assert not any(name in text for name in names)


# Faults ------------------------------------------------------------------------------------------


async def test_scrape_while_another_process_holds_the_write_lock_is_answered_in_full(
    seen: Seen, workshop: Workshop
) -> None:
    await workshop.accept(seen.process)
    with AnotherProgram(workshop.database_url) as other, other.writing():
        figures = await seen.figures()
        ready = await seen.get("/readyz")

    assert (figures["reelay_database_up"], figures["reelay_jobs[queued]"]) == (1, 1)
    assert ready == (200, "ready\n")


async def test_scrapes_while_the_database_does_not_answer_share_one_look_and_give_all_else(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "DATABASE_PATIENCE_SECONDS", 0.05)
    database = FlakyDatabase(workshop.database)
    hold = database.holds["read"] = Hold()
    async with seen_from_outside(workshop, database=database) as seen:
        first, second, ready = await asyncio.gather(seen.figures(), seen.figures(), seen.get("/readyz"))
        assert hold.reached.is_set()
        assert first["reelay_database_up"] == second["reelay_database_up"] == first["reelay_ready"] == 0
        assert not any(name.startswith("reelay_jobs") for name in first)
        assert first["reelay_discord_shards_connected"] == 2
        assert ready == (503, "not ready: the database does not answer\n")

        workshop.time.advance(60)  # the look hangs on, and there is no second one beside it, which would be answered
        assert (await seen.figures())["reelay_database_up"] == 0

        hold.release.set()
        async with asyncio.timeout(5):
            while (await seen.figures())["reelay_database_up"] == 0:
                workshop.time.advance(60)


async def test_scrape_while_the_database_says_no_is_answered(workshop: Workshop) -> None:
    database = FlakyDatabase(workshop.database)
    database.troubles.append("read")
    async with seen_from_outside(workshop, database=database) as seen:
        assert (await seen.figures())["reelay_database_up"] == 0
        workshop.time.advance(3)
        assert (await seen.figures())["reelay_database_up"] == 1


async def test_scrape_while_the_video_service_does_not_say_what_is_left_gives_all_else(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BALANCE_PATIENCE_SECONDS", 0.05)
    workshop.server.faults.balance.append(Fault(hold=asyncio.Event()))
    async with seen_from_outside(workshop) as seen:
        figures = await seen.figures()

    assert "reelay_credits_left" not in figures
    assert figures["reelay_database_up"] == figures["reelay_ready"] == 1


async def test_scrapes_within_some_seconds_share_what_was_seen(seen: Seen, workshop: Workshop) -> None:
    assert (await seen.figures())["reelay_jobs[queued]"] == 0
    await workshop.accept(seen.process)
    assert (await seen.figures())["reelay_jobs[queued]"] == 0
    workshop.time.advance(3)
    assert (await seen.figures())["reelay_jobs[queued]"] == 1


async def test_port_that_another_program_has_is_said_in_a_sentence(workshop: Workshop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"^another program listens at port {port} already: .*HTTP_LISTEN\.$"):
            async with seen_from_outside(workshop, port=port):
                pass


async def test_address_of_another_machine_is_said_in_a_sentence(workshop: Workshop) -> None:
    with pytest.raises(SettingsError, match=r"^192\.0\.2\.1 is no address of this machine: check HTTP_LISTEN\.$"):
        async with seen_from_outside(workshop, host="192.0.2.1"):
            pass
