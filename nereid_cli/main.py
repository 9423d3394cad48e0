"""The command line `nereid`."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer.exceptions import TyperException

from nereid_cli import api, output
from nereid_cli.commands import doctor as doctors
from nereid_cli.commands import event_types, leads, messages, operations, profiles
from nereid_cli.errors import Mistake

app = typer.Typer(
    name="nereid",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,  # They show values, tokens among them.
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
#: What says that the output has no room, or nobody who reads it.
_UNWRITABLE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "login": (profiles.login, "Start"),
    "logout": (profiles.logout, "Start"),
    "doctor": (doctors.doctor, "Start"),
    "pull": (event_types.pull, "Event types"),
    "apply": (event_types.apply, "Event types"),
    "preview": (messages.preview, "Event types"),
    "test-send": (messages.send_test, "Event types"),
    "send": (messages.send, "Messages"),
    "tail": (messages.tail, "Messages"),
    "overview": (operations.overview, "Messages"),
    "redrive": (operations.redrive, "Messages"),
    "import": (leads.import_, "People"),
    "export-user": (operations.export_user, "People"),
    "erase-user": (operations.erase_user, "People"),
}
for _name, (_command, _panel) in _COMMANDS.items():
    app.command(_name, rich_help_panel=_panel)(_command)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        output.say(f"nereid {api.version()}")
        raise typer.Exit


@app.callback()
def _nereid(
    _version: Annotated[  # noqa: FBT002 - typer calls it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Work with a stack of Nereid: customer messaging in your own AWS account.

    The stack is the one that `make run` started in this folder, else that of NEREID_URL and NEREID_TOKEN, else the one
    that `nereid login` keeps. docs/cli.md has examples.
    """


def run(arguments: list[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        The exit code: 0, 1 after an error; what else a command says.
    """
    if any(map(_is_broken, arguments)):
        output.tell("An argument is not in the terminal's encoding.", "red")
        return 1
    try:
        # Else a usage error would exit with 2, which says that something would change.
        code = app(arguments, prog_name="nereid", standalone_mode=False)
        sys.stdout.flush()
    except Mistake as mistake:
        output.tell(str(mistake), "red")
        return 1
    except TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):
            show()
        else:
            output.tell(error.format_message(), "red")
        return 1
    except typer.Abort:
        output.tell("Nothing was done.")
        return 1
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        # Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # Whoever read the output, `head` for one, has enough.
            output.tell(f"The output cannot be written: {error.strerror}", "red")
        return 1
    return code if isinstance(code, int) else 0


def _is_broken(argument: str) -> bool:
    """Return whether a text has half a character, as Python makes of bytes that it cannot read."""
    return any("\ud800" <= each <= "\udfff" for each in argument)


def main() -> None:
    """Run the command that the program was started with."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A terminal may not have every character.
    sys.exit(run(sys.argv[1:]))
