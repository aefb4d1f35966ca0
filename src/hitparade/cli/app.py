"""The application: its commands, and what becomes of errors."""

from __future__ import annotations

import sys

import typer

from hitparade import __version__
from hitparade.cli import emulating, exporting, looking, maintaining, proving, quarantine, reading, starting, working
from hitparade.cli.door import BUG, DONE, INTERRUPTED, LATER, WRONG

app = typer.Typer(
    name="hitparade",
    help="Daily charts and KPIs that are right, from the CSV drops of a music-streaming service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 done, but something was quarantined or rejected, or is not as it should be;"
    " 2 wrong use, configuration or contract; 3 try again later; 4 a bug; 130 interrupted.",
)


def version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        typer.echo(f"hitparade {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=version, is_eager=True, help="Print the version."),
) -> None:
    """Daily charts and KPIs that are right, from the CSV drops of a music-streaming service."""


for module in (starting, working, reading, looking, quarantine, proving, maintaining, exporting, emulating):
    module.add_to(app)


def run(arguments: list[str]) -> int:
    """Run a command; its exit code. Nothing but a bug shows a traceback."""
    from hitparade.errors import DiskFull, HitParadeError, StorageError, Transient, tells_of_full_disk

    try:
        code = app(arguments, prog_name="hitparade", standalone_mode=False)
    except typer.Abort:
        return interrupted()
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined]  # every one of them has it
        return WRONG
    except HitParadeError as error:
        say(error.message, error.hint)
        return LATER if isinstance(error, Transient) else WRONG
    except KeyboardInterrupt:
        return interrupted()
    except BrokenPipeError:
        sys.stdout = None  # whoever read the output has enough
        return DONE
    except OSError as error:
        where = str(error.filename or "")
        refused = f"{where or 'the system'}: {error.strerror or error}"
        full = tells_of_full_disk(str(error))
        failed = DiskFull(where) if full else StorageError(refused, hint="see to it, then run again")
        say(failed.message, failed.hint)
        return LATER
    except Exception as error:
        from hitparade import log

        log.get_logger().exception("bug")
        say(
            f"a bug in hitparade: {type(error).__name__}: {error}",
            "the traceback is in the log above; please report it",
        )
        return BUG
    # typer answers Ctrl-C by a code alone.
    return interrupted() if code == INTERRUPTED else int(code or DONE)


def interrupted() -> int:
    """Ctrl-C."""
    say("interrupted", "nothing is half done: run again to go on")
    return INTERRUPTED


def say(message: str, hint: str | None) -> None:
    """An error and the next step, on standard error."""
    typer.secho(f"error: {message}", err=True, fg="red")
    if hint:
        typer.echo(f"  next: {hint}", err=True)
