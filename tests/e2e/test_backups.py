"""A bot is backed up at work, goes on, is killed and restored: each job of the backup ends once and is paid once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.instance import use_database_alone
from bot.sandbox.toapis_server import Fault
from tests.support.acts import STOP_SECONDS
from tests.support.bot_process import BotProcess, bot_environment
from tests.support.discord_server import RouteKind
from tests.support.stage import DISCORD_TOKEN, PATIENCE_SECONDS, TOAPIS_API_KEY, Part, Stage, failed, open_stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLIPS_IN_A_BURST = 6
SETTINGS = {"MAX_CONCURRENT_RENDERS": "2", "MAX_OPEN_JOBS_PER_MEMBER": "10"}


async def run(stage: Stage, *arguments: str) -> tuple[int, str]:
    """Run a command of the bot's in its directory; return its exit code and what it says."""
    environment = bot_environment(
        directory=stage.directory,
        discord_api_url=stage.server.api_url,
        discord_gateway_url=stage.server.gateway_url,
        discord_token=DISCORD_TOKEN,
        toapis_base_url=stage.service.base_url,
        toapis_api_key=TOAPIS_API_KEY,
    )
    async with BotProcess(stage.directory, environment, arguments=arguments) as process:
        code = await process.wait_exit(within_seconds=PATIENCE_SECONDS)
    return code, "\n".join(process.output)


async def test_each_job_of_a_backup_ends_once_and_nothing_is_paid_again(tmp_path: Path) -> None:
    async with open_stage(tmp_path, asyncio.Semaphore(1)) as stage:
        names = ("delivered", "refused", "uploading", "rendering", "on_the_wire", "waiting", "waiting_longer", "lost")
        parts = {name: stage.add_part(name, Part) for name in names}
        burst = [stage.add_part(f"burst_{number}", Part) for number in range(CLIPS_IN_A_BURST)]
        delivered, refused, uploading, rendering, on_the_wire, waiting, waiting_longer, lost = parts.values()
        async with stage.start_bot(SETTINGS) as bot:
            refused.ending = failed("content_policy", paid=0)
            refused.spoil("submit", Fault.error("content_policy_violation"))
            for part in (delivered, refused):
                await part.ask()
                await part.ends()
            upload = uploading.hold(RouteKind.CREATE_MESSAGE, stored=False)
            await uploading.ask()
            await upload.arrived.wait()
            poll = rendering.hold_at_service("poll")
            await rendering.ask()
            await rendering.reaches_service("poll")
            submit = on_the_wire.hold_at_service("submit", accept=True)
            await on_the_wire.ask()
            await on_the_wire.reaches_service("submit")
            late = waiting_longer.hold_at_service("submit")
            for part in (waiting, waiting_longer):
                await part.ask()
                await part.card("Waiting")
            for part in burst:
                await part.ask()

            code, said = await run(stage, "backup", "backup.db")
            assert (code, said) == (0, "The database is backed up to backup.db, and the copy is checked.")

            upload.release()
            poll.set()
            for part in (uploading, rendering, waiting):
                await part.until(part.clips)
            await waiting_longer.reaches_service("submit")
            await lost.ask()
            code, said = await run(stage, "restore", "backup.db")
            assert (code, said) == (1, "the bot runs on this database: stop it first.")
            await bot.kill()
        submit.set()
        late.set()

        async with use_database_alone(f"sqlite+aiosqlite:///{tmp_path / 'reelay.db'}"):
            code, said = await run(stage)
            assert code == 1, "a bot that is started while a restore goes on"
            assert "a restore of the database goes on: start again when it is done." in said
        code, said = await run(stage, "restore", "backup.db")
        assert code == 0, said
        assert f"before anything is done for them: {5 + CLIPS_IN_A_BURST}." in said
        assert "What was there is kept" in said
        async with stage.start_bot(SETTINGS) as bot:
            of_backup = [part for part in (*parts.values(), *burst) if part is not lost]
            for part in of_backup:
                await part.ends()
            await bot.terminate(within_seconds=STOP_SECONDS)
        for part in of_backup:
            await part.check()
        assert lost.jobs == lost.ledger == []
