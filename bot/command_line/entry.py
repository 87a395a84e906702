"""The commands' names and options; what they do is imported when they are asked for."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from bot.command_line import exits
from bot.command_line.backup import backup
from bot.command_line.demo import demo
from bot.command_line.doctor import doctor
from bot.command_line.migrate import migrate
from bot.command_line.operating import COMMANDS
from bot.command_line.restore import restore
from bot.command_line.run import run
from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.services.jobs.policy import WorkerPolicy


def main(arguments: Sequence[str] | None = None, *, policy: WorkerPolicy | None = None) -> int:
    """Run one command; return the process's exit code.

    Args:
        arguments: of the command line; by default the process's own.
        policy: the worker's figures while serving, where they are not the usual ones.
    """
    try:
        return commands.main(arguments, prog_name="python -m bot", standalone_mode=False, obj=policy)
    except click.Abort:  # Ctrl-C
        return exits.OK
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SettingsError as error:
        click.echo(error, err=True)
        return exits.SETTINGS
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        exits.leave_unwritten()
        click.echo("there is no room for what is to be written.", err=True)
        return exits.FAILED


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def commands(context: click.Context) -> int:
    """Reelay turns a line of chat into a video."""
    return exits.OK if context.invoked_subcommand else context.invoke(run)


for _command in (run, migrate, doctor, backup, restore, demo, *COMMANDS):
    commands.add_command(_command)
