"""What several commands take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nereid_cli import documents, output, targets
from nereid_cli.api import Api
from nereid_cli.errors import Mistake

Environment = Annotated[
    str, typer.Option("--environment", "-e", envvar="NEREID_ENVIRONMENT", help="The environment to work in.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", help="Use what this profile of `nereid login` kept, whatever else is there.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        "-d",
        metavar="DATA",
        help="NAME=TEXT is a member of the data, NAME:=JSON one that is no text, @FILE a JSON or YAML file with an "
        "object (@- is JSON from the standard input). Several combine; a later one replaces members of an earlier one.",
    ),
]

DEV = "dev"
_KINDS = {"email": "email", "sms": "mobile_number", "push": "firebase_token"}


def connect(profile: str | None, environment: str) -> Api:
    """Return a client of the stack that the command is for."""
    if not environment:
        raise Mistake("--environment is empty: name an environment, such as dev")
    return Api(targets.find(profile), environment)


def data_of(given: list[str] | None) -> dict[str, Any]:
    """Return the data that the options --data give together.

    Raises
    ------
    Mistake
        If one is in none of the forms, or its file is no object.
    """
    data: dict[str, Any] = {}
    for each in given or []:
        if each.startswith("@"):
            data.update(_object_of(each[1:]))
            continue
        name, separator, text = each.partition("=")
        if not separator or name in ("", ":"):
            raise Mistake(f"--data {each}: must be NAME=TEXT, NAME:=JSON or @FILE")
        if not name.endswith(":"):
            data[name] = text
            continue
        try:
            data[name[:-1]] = json.loads(text)
        except ValueError as error:
            raise Mistake(f"--data {each}: {text!r} is no JSON (text is {name[:-1]}={text})") from error
    return data


def _object_of(name: str) -> dict[str, Any]:
    if name == "-":
        try:
            value = json.loads(sys.stdin.read())
        except ValueError as error:
            raise Mistake(f"--data @-: the standard input is no JSON: {error}") from error
    else:
        value = documents.read(Path(name)).value
    if not isinstance(value, dict):
        raise Mistake(f"--data @{name}: must be an object")
    return value


def contact_of(given: str) -> dict[str, str]:
    """Return the contact info that an option --to gives.

    Raises
    ------
    Mistake
        If it is not KIND=ADDRESS with a kind that there is.
    """
    kind, separator, address = given.partition("=")
    type_ = _KINDS.get(kind, kind if kind in _KINDS.values() else None)
    if type_ is None or not separator or not address:
        raise Mistake(f"--to {given}: must be KIND=ADDRESS, with a KIND of {', '.join(_KINDS)}")
    return {"type": type_, "value": address}


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether to go on.

    Raises
    ------
    Mistake
        If the answer is no, or nobody is there to answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Mistake(f"{question} Nobody is here to answer: --yes does it without asking.")
    if not typer.confirm(output.plain(question), err=True):
        raise Mistake("Nothing was done.")
