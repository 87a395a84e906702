"""*Erase my data*: what goes at once, what goes later, what stays."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.errors import RefusedError
from bot.models import Draft, JobState, Period, PromptRuleKind, Quota, QuotaSource
from bot.services.retention.retention import LOOK_SECONDS, SWEEP_SECONDS
from tests.support.stored import DAY, SECRET, deliver, files, rows
from tests.support.workshop import GUILD_ID, MEMBER_ID, MEMBER_NAME, MODERATOR_ID, Process, Workshop, requester

pytestmark = pytest.mark.slow


def everything(workshop: Workshop) -> str:
    """Return all rows of all tables as text."""
    tables = [name for (name,) in rows(workshop, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "\n".join(str(row) for table in tables for row in rows(workshop, f"SELECT * FROM {table}"))


async def erase(process: Process, member_id: int = MEMBER_ID) -> float:
    await process.services.privacy.erase(member_id)
    return await process.end_data()


async def test_prompts_and_addresses_go_at_once_and_the_members_sums_stay(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    assert MEMBER_NAME.encode() in files(workshop)
    await erase(process)
    job = await workshop.job(job_id)
    assert (job.spec.prompt, job.result_url, job.generation_id, job.member_id) == ("", None, None, MEMBER_ID)
    assert job.member_name is None
    assert [submit.generation_id for submit in await workshop.submits(job_id)] == [None]
    status, _ = await process.stand(requester())
    assert status.used_seconds == 6, "or erasing would reset the quota"
    assert SECRET.encode() not in files(workshop)
    assert MEMBER_NAME.encode() not in files(workshop)
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    assert await workshop.entries(job_id) == [("charge", 6), ("refund", 6)]


async def test_what_the_log_and_the_audit_have_of_the_members_prompts_goes_and_of_others_stays(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    servers, prompts = process.services.servers, process.services.prompts
    await servers.set_log_channel(GUILD_ID, 7, set_by_id=MODERATOR_ID)
    await prompts.add(guild_id=GUILD_ID, kind=PromptRuleKind.WORDS, text="zebras", set_by_id=MODERATOR_ID)
    for member_id in (MEMBER_ID, MEMBER_ID + 1):
        await refused(process, workshop, member_id)
        waits = await workshop.accept(process, f"cancelled of {member_id}", member_id=member_id)
        await process.cancel(waits)
        posted = await deliver(workshop, process, f"removed of {member_id}", member_id=member_id)
        await process.jobs.remove_clip(posted, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    await servers.block(GUILD_ID, MEMBER_ID, reason="enough", days=None, set_by_id=MODERATOR_ID)
    await erase(process)
    details = [json.loads(text) for (text,) in rows(workshop, "SELECT facts FROM log_entries WHERE kind = 'refused'")]
    assert [(each.get("member_id"), each["prompt"]) for each in details] == [(None, ""), (MEMBER_ID + 1, SECRET)]
    texts = rows(workshop, "SELECT subject_id, json_extract(after, '$.prompt') FROM changes WHERE kind LIKE '%ed'")
    assert texts == [
        (0, ""),
        (0, ""),
        (MEMBER_ID + 1, f"cancelled of {MEMBER_ID + 1}"),
        (MEMBER_ID + 1, f"removed of {MEMBER_ID + 1}"),
    ]
    assert rows(workshop, "SELECT member_id, reason FROM blocks") == [(MEMBER_ID, "enough")], "it is the server's"
    assert rows(workshop, "SELECT prompt FROM jobs WHERE member_id = ?", MEMBER_ID) == [("",), ("",)]
    while await process.log.tick() == 0:
        pass
    assert len(workshop.log.cards[7]) == 9, "what was waiting to be posted is, without the texts"
    assert f"of {MEMBER_ID}'" not in str(workshop.log.cards[7])


async def refused(process: Process, workshop: Workshop, member_id: int) -> None:
    try:
        await process.jobs.accept(workshop.request(SECRET, member_id=member_id))
    except RefusedError:
        return
    raise AssertionError("it was not refused")


async def test_a_clip_that_is_on_its_way_arrives_and_is_erased_then(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, SECRET)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    assert await erase(process) == LOOK_SECONDS
    assert (await workshop.job(job_id)).spec.prompt == SECRET
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)
    later = await deliver(workshop, process, "asked for afterwards")
    restarted = workshop.start()
    await restarted.end_data()
    assert (await workshop.job(job_id)).spec.prompt == ""
    assert (await workshop.job(later)).spec.prompt == "asked for afterwards"
    assert SECRET.encode() not in files(workshop)


async def test_a_clip_that_is_being_posted_arrives_and_is_erased_then(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, SECRET)
    await workshop.run_until(process, job_id, JobState.READY)
    await process.services.privacy.erase(MEMBER_ID)
    await process.end_data()
    await workshop.run_until_idle(process)
    await workshop.expect_clip(job_id)
    await process.end_data()
    assert (await workshop.job(job_id)).spec.prompt == ""


async def test_a_moderators_cancel_after_the_wish_leaves_no_prompt_in_the_audit(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await workshop.accept(process, SECRET)
    await erase(process)
    await process.cancel(job_id)
    await workshop.run_until_idle(process)
    await process.end_data()
    assert SECRET not in everything(workshop)


async def test_the_id_goes_when_no_running_period_counts_on_it_any_more(workshop: Workshop) -> None:
    workshop.quota = Quota(60, Period.MONTH)
    process = workshop.start()
    first, second = await deliver(workshop, process), await deliver(workshop, process)
    await deliver(workshop, process, member_id=MEMBER_ID + 1)
    before = rows(workshop, "SELECT account_kind, sum(seconds) FROM usage GROUP BY 1")
    await erase(process)
    assert str(MEMBER_ID) in everything(workshop)
    workshop.time.advance(33 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT count(*) FROM erasures") == [(0,)]
    assert rows(workshop, "SELECT DISTINCT member_id FROM ledger") == [(0,), (MEMBER_ID + 1,)]
    assert rows(workshop, "SELECT member_id, made_by FROM ledger WHERE member_id = 0") == [(0, 0), (0, 0)]
    assert rows(workshop, "SELECT account_kind, sum(seconds) FROM usage GROUP BY 1") == before
    assert [(await workshop.job(each)).member_id for each in (first, second)] == [0, 0]
    assert not [line for line in everything(workshop).splitlines() if f" {MEMBER_ID}," in line]
    await process.jobs.remove_clip(first, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=True)
    assert rows(workshop, "SELECT sum(seconds) FROM usage WHERE account_kind = 'server'") == [(12,)]
    assert rows(workshop, "SELECT sum(seconds) FROM usage WHERE account_id = 0") == [(6,)]


async def test_sums_of_old_entries_lose_the_id_too(workshop: Workshop) -> None:
    process = workshop.start(retention_days=40)
    for member_id in (MEMBER_ID, MEMBER_ID + 1):
        await deliver(workshop, process, member_id=member_id)
    workshop.time.advance(60 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT member_id, seconds FROM ledger_sums") == [(MEMBER_ID, 6), (MEMBER_ID + 1, 6)]
    await erase(process)
    await erase(process, MEMBER_ID + 1)
    workshop.time.advance(SWEEP_SECONDS)
    await process.end_data()
    assert rows(workshop, "SELECT member_id, seconds FROM ledger_sums") == [(0, 12)]
    assert rows(workshop, "SELECT account_id, seconds, is_day FROM usage WHERE account_kind = 'member'") == [(0, 12, 1)]
    workshop.time.advance(33 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT count(*) FROM erasures") == [(0,)]


async def test_an_unspent_grant_keeps_the_id_until_it_ends(workshop: Workshop) -> None:
    process = workshop.start()
    await process.quotas.grant(requester(), seconds=20, granted_by_id=MODERATOR_ID, interaction_id=9000, days=90)
    await erase(process)
    workshop.time.advance(40 * DAY)
    await process.end_data()
    status, _ = await process.stand(requester())
    assert status.left_seconds == 80
    assert rows(workshop, "SELECT count(*) FROM erasures") == [(1,)]
    workshop.time.advance(60 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT member_id FROM ledger") == [(0,)]
    assert rows(workshop, "SELECT count(*) FROM erasures") == [(0,)]


async def test_asked_again_it_is_everything_up_to_then(workshop: Workshop) -> None:
    process = workshop.start()
    await deliver(workshop, process)
    await erase(process)
    job_id = await deliver(workshop, process, "a second one")
    await process.end_data()
    assert (await workshop.job(job_id)).spec.prompt == "a second one"
    await erase(process)
    assert (await workshop.job(job_id)).spec.prompt == ""


async def test_what_is_stored_is_counted_in_all_servers(workshop: Workshop) -> None:
    process = workshop.start()
    await deliver(workshop, process)
    await deliver(workshop, process, guild_id=GUILD_ID + 1)
    await deliver(workshop, process, member_id=MEMBER_ID + 1)
    about = await process.services.privacy.describe(MEMBER_ID)
    assert (about.clips, about.prompts, about.servers, about.entries, about.erasing_since) == (2, 2, 2, 2, None)
    await erase(process)
    about = await process.services.privacy.describe(MEMBER_ID)
    assert (about.clips, about.prompts, about.erasing_since is None) == (2, 0, False)


async def cancel_render(workshop: Workshop, process: Process) -> str:
    """Cancel a job that renders, and have its card say so; return its id."""
    job_id = await workshop.accept(process, SECRET)
    await workshop.run_until(process, job_id, JobState.RENDERING)
    await process.cancel(job_id)
    while rows(workshop, "SELECT due_at FROM jobs") != [(None,)]:
        await process.worker.tick()
        await process.card_updater.tick()
        workshop.time.advance(1)
    return job_id


async def test_the_services_id_goes_once_nobody_asks_about_a_cancelled_render_any_more(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await cancel_render(workshop, process)
    assert await erase(process) == LOOK_SECONDS
    assert [submit.generation_id is None for submit in await workshop.submits(job_id)] == [False], "it is asked about"
    await workshop.run_for(process, 600)
    await process.end_data()
    assert [submit.generation_id for submit in await workshop.submits(job_id)] == [None]


async def test_the_services_id_goes_although_it_never_said_what_became_of_a_cancelled_render(
    workshop: Workshop,
) -> None:
    process = workshop.start()
    job_id = await cancel_render(workshop, process)
    workshop.peeking.rows("UPDATE submits SET outcome = 'accepted', ended_at = NULL, due_at = NULL")  # given up
    await erase(process)
    assert [submit.generation_id for submit in await workshop.submits(job_id)] == [None]


async def test_a_member_whose_own_quota_held_is_not_named_by_it_either(workshop: Workshop) -> None:
    process = workshop.start()
    await process.services.servers.set_log_channel(GUILD_ID, 7, set_by_id=MODERATOR_ID)
    await process.quotas.set_rule(
        guild_id=GUILD_ID,
        source=QuotaSource.MEMBER,
        subject_id=MEMBER_ID,
        quota=Quota(6, Period.DAY),
        set_by_id=MODERATOR_ID,
    )
    await deliver(workshop, process)
    await refused(process, workshop, MEMBER_ID)
    await erase(process)
    [(details,)] = rows(workshop, "SELECT facts FROM log_entries WHERE kind = 'refused'")
    assert (json.loads(details)["source"], json.loads(details)["subject_id"]) == ("member", 0)
    workshop.time.advance(33 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT member_id, quota_source, quota_subject_id FROM jobs") == [(0, "member", 0)]


async def test_a_clip_that_is_removed_after_its_prompt_was_erased_does_not_name_its_member(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    await erase(process)
    workshop.time.advance(DAY)
    await process.jobs.remove_clip(job_id, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    await process.end_data()
    assert rows(workshop, "SELECT made_by, subject_id FROM changes") == [(MODERATOR_ID, 0)]


async def test_who_deleted_their_own_clip_goes_with_its_member(workshop: Workshop) -> None:
    process = workshop.start()
    own, removed = [await deliver(workshop, process) for _ in range(2)]
    await process.services.clip_deleter.delete(own, guild_id=GUILD_ID, member_id=MEMBER_ID)
    await process.jobs.remove_clip(removed, guild_id=GUILD_ID, removed_by_id=MODERATOR_ID, refunds=False)
    await erase(process)
    workshop.time.advance(33 * DAY)
    await process.end_data()
    assert rows(workshop, "SELECT member_id, removed_by FROM jobs ORDER BY id") == [(0, 0), (0, MODERATOR_ID)]


async def test_a_clock_that_was_set_back_saves_no_prompt(workshop: Workshop) -> None:
    process = workshop.start()
    first = await deliver(workshop, process)
    await erase(process)
    second = await deliver(workshop, process)
    workshop.time.advance(-7200)
    await erase(process)
    assert [(await workshop.job(each)).spec.prompt for each in (first, second)] == ["", ""]


async def test_a_process_that_ends_before_the_log_is_emptied_leaves_that_to_the_next(workshop: Workshop) -> None:
    process = workshop.start()
    job_id = await deliver(workshop, process)
    await process.services.privacy.erase(MEMBER_ID)
    while (await workshop.job(job_id)).spec.prompt:
        await process.reelay.retention.tick()
    assert SECRET.encode() in files(workshop)
    await workshop.start().end_data()
    assert SECRET.encode() not in files(workshop)


async def keep(process: Process, draft_id: int, member_id: int = MEMBER_ID) -> None:
    asking = replace(requester(), member_id=member_id)
    await process.services.drafts.keep(Draft(f"{SECRET} {draft_id}"), draft_id=draft_id, requester=asking)


async def test_what_was_refused_goes_and_what_is_typed_afterwards_stays(workshop: Workshop) -> None:
    process = workshop.start()
    await keep(process, 1)
    await keep(process, 1)
    await keep(process, 2, MEMBER_ID + 1)
    assert (await process.services.privacy.describe(MEMBER_ID)).drafts == 1
    await workshop.accept(process, "which keeps the erasure open")
    await erase(process)
    workshop.time.advance(1)
    await keep(process, 3)
    workshop.time.advance(LOOK_SECONDS)
    await process.end_data()
    assert rows(workshop, "SELECT id FROM drafts ORDER BY id") == [(2,), (3,)]
    assert f"{SECRET} 1".encode() not in files(workshop)


async def test_what_was_refused_goes_after_an_hour_even_where_everything_is_kept(workshop: Workshop) -> None:
    process = workshop.start(retention_days=None)
    await keep(process, 1)
    workshop.time.advance(1800)
    await keep(process, 2)
    await process.end_data()
    assert rows(workshop, "SELECT id FROM drafts") == [(1,), (2,)]
    workshop.time.advance(SWEEP_SECONDS)
    await process.end_data()
    assert rows(workshop, "SELECT id FROM drafts") == []
    assert SECRET.encode() not in files(workshop)
