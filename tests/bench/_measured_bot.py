"""``python -m bot`` with a lag probe in its event loop.

``python -m tests.bench._measured_bot LAG_FILE [PROFILE_FILE]`` writes the probe's looks on its way out and, when
asked, what the time went to, for ``python -m pstats``.
"""

from __future__ import annotations

import asyncio
import cProfile
import sys
from pathlib import Path

from bot.config import Settings, load_settings
from bot.logs import set_up_logging
from bot.serving import run
from tests.bench._bot import POLICY, stay_visible
from tests.bench.lag import LagProbe


async def run_measured(settings: Settings, lag_file: Path) -> None:
    probe = LagProbe()
    probe.start()
    try:
        await run(settings, policy=POLICY)
    finally:
        probe.save(lag_file)


def main(lag_file: str, profile_file: str | None = None) -> None:
    stay_visible()
    settings = load_settings()
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)
    if profile_file is None:
        asyncio.run(run_measured(settings, Path(lag_file)))
        return
    with cProfile.Profile() as profile:
        asyncio.run(run_measured(settings, Path(lag_file)))
    profile.dump_stats(profile_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
