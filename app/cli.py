"""The command line. Without arguments: the window.

Commands are imported when they are called, and what is heavy inside them, so that ``--help`` costs next to nothing.
Whatever goes wrong ends as one sentence on stderr and an exit code: 1 it did not work, 2 the arguments are wrong,
130 interrupted.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence

import click

from app import __version__

log = logging.getLogger(__name__)

COMMANDS = ("slay", "practice", "listen", "memory", "account", "doctor")
"""Each is ``app.commands.NAME.command``."""


class Lazy(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"app.commands.{cmd_name}").command
        return found


@click.group(cls=Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="holdslayer")
@click.option("-v", "--verbose", is_flag=True, help="Write the log to stderr as well, with more in it.")
@click.pass_context
def cli(ctx: click.Context, verbose: bool) -> None:
    """Call a company, wait on hold, and ring when a person speaks.

    Without a command the window opens. Emergency numbers are never put on hold: they are dialled at once, with your
    voice connected.
    """
    if ctx.invoked_subcommand == "listen" and not verbose:
        return  # a filter: it needs no log, and must start at once
    if ctx.resilient_parsing:
        return
    from app import logs, paths

    handlers = logs.start(paths.find().log, verbose)
    ctx.call_on_close(lambda: logs.stop(handlers))
    if ctx.invoked_subcommand is None:
        ctx.exit(window())


def window() -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    require_display()
    from app.compose import Core
    from app.practising import OnDemand
    from app.run import run_window

    practice = OnDemand()
    return run_window(Core(guest=practice), practise=practice.call)


def require_display() -> None:
    """Raise a sentence where no window can be shown."""
    from app.display import why_none

    if why := why_none():
        raise click.ClickException(why)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Nothing but ``SystemExit`` of a parent ever escapes."""
    try:
        code = cli.main(args=arguments, prog_name="holdslayer", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return _end("Interrupted.", 130)
    except click.UsageError as error:
        error.show()  # with a word on the usage
        return error.exit_code
    except click.ClickException as error:
        return _end(error.format_message(), error.exit_code)
    except BrokenPipeError:
        # Who read our output has gone (``| head``); nothing is to be said, not even by the interpreter's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _end("Interrupted.", 130)
    except Exception as error:
        return _complain(error)


def _complain(error: Exception) -> int:
    from app.complaints import sentence_of

    sentence = sentence_of(error)
    if sentence is None:
        from app import paths

        log.critical("an unexpected error", exc_info=error)
        sentence = (
            f"Something went wrong inside Hold Slayer ({type(error).__name__}). "
            f"Run it again with --verbose, or look into {paths.find().log}."
        )
    return _end(sentence, 1)


def _end(sentence: str, code: int) -> int:
    click.echo(f"holdslayer: {sentence}", err=True)
    return code


def main() -> None:
    """The console script."""
    sys.exit(run())
