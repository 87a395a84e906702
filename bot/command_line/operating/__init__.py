"""What the operator does by hand on the running database; a module for each command or group of them."""

from bot.command_line.operating.jobs import jobs
from bot.command_line.operating.pausing import pause, resume
from bot.command_line.operating.reports import audit, spend, status
from bot.command_line.operating.servers import leave, servers

COMMANDS = (status, spend, jobs, pause, resume, servers, leave, audit)

__all__ = ["COMMANDS"]
