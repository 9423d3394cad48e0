"""Looking after an environment: `overview`, `redrive`, `export-user`, `erase-user`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from nereid_cli import documents, output
from nereid_cli.api import Api
from nereid_cli.commands.common import DEV, Environment, Json, Profile, Yes, confirm, connect
from nereid_cli.errors import Mistake

Queue = Annotated[
    Literal["message", "email", "sms", "push", "feedback"] | None, typer.Option("--queue", help="This queue alone.")
]
UserId = Annotated[str, typer.Argument(metavar="ID", help="The user's id.")]
_STATUSES = ["success", "failed", "pending", "mocked", "no_contact", "no_provider"]


def overview(
    environment: Environment = DEV,
    hours: Annotated[int, typer.Option("--hours", min=1, max=168, help="Of how many hours to tell.")] = 24,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Tell what the last hours brought, and what somebody ought to look at."""
    with connect(profile, environment) as api:
        found = api.call("GET", api.manage("overview"), what="overview", query={"hours": hours})
    if json_:
        output.as_json(found)
        return
    output.say(f"{output.count(found['accepted'], 'event')} in {output.count(hours, 'hour')}")
    rows = [[channel, *(counts.get(name, 0) for name in _STATUSES)] for channel, counts in found["deliveries"].items()]
    output.table(["channel", *_STATUSES], rows)
    for each in found["attention"]:
        details = ", ".join(
            f"{name} {value}" for name, value in each.items() if name not in {"kind", "count"} and value is not None
        )
        output.say(
            f"! {each['kind'].replace('_', ' ')}: {each['count']}" + (f" ({details})" if details else ""), "yellow"
        )


def redrive(
    letter_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The dead letter to put back.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Put back all of the team.")] = False,
    queue: Queue = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete instead, and end the deliveries that they carry. Asks first.")
    ] = False,
    yes: Yes = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many to list.")] = 25,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """List the team's dead letters, put them back on their queues, or delete them.

    Without an id and --all it lists them. Putting one back twice is safe. Exits with 1 if some remain.
    """
    if letter_id is not None and all_:
        raise Mistake("Name one dead letter, or --all.")
    if purge and letter_id is None and not all_:
        raise Mistake("Name the dead letter to delete, or --all.")
    with connect(profile, DEV) as api:
        if letter_id is None and not all_:
            _list_letters(api.call("GET", "/manage/dead_letters", query={"queue": queue, "limit": limit}), json_=json_)
            return
        if purge:
            which = f"the dead letter {letter_id}" if letter_id is not None else f"all {queue or ''} dead letters"
            question = f"Delete {' '.join(which.split())} of the team at {api.target.url}, for good?"
            confirm(f"{question} Their deliveries become failed.", yes=yes)
        total, last = _act(api, _PURGE if purge else _REDRIVE, letter_id, queue)
    done = _PURGE if purge else _REDRIVE
    if json_:
        output.as_json({**last, done.member: total})
    else:
        more = "; there may be more" if last["more"] else ""
        output.say(f"{total} {done.word}, {last['remaining']} remain{more}")
    if last["more"] or (last["remaining"] and letter_id is None):
        raise typer.Exit(1)


class _Action(NamedTuple):
    """What is done with dead letters: its route, the member that counts them, and the word for it."""

    path: str
    member: str
    word: str


_REDRIVE = _Action("/manage/dead_letter_redrives", "redriven", "put back")
_PURGE = _Action("/manage/dead_letter_purges", "purged", "deleted")


def _act(api: Api, action: _Action, letter_id: str | None, queue: str | None) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = {"id": letter_id} if letter_id is not None else {"all": True}
    if queue is not None:
        body["queue"] = queue
    total = 0
    while True:
        # Doing either twice is safe, so a lost answer is asked for again.
        last = api.call("POST", action.path, body, what=f"dead letter {letter_id}", repeatable=letter_id is None)
        total += last[action.member]
        if letter_id is not None or not last["more"] or not last[action.member]:
            return total, last
        output.tell(f"{total} {action.word} so far")


def _list_letters(found: dict[str, Any], *, json_: bool) -> None:
    if json_:
        output.as_json(found)
        return
    rows = [
        [
            each["queue"],
            each["id"],
            each["sent_at"],
            each["environment"],
            ", ".join(each["message_ids"]),
            each["reason"],
        ]
        for each in found["data"]
    ]
    if rows:
        output.table(["queue", "id", "sent at", "environment", "messages", "reason"], rows)
    output.say(f"{output.count(len(rows), 'dead letter')}{'; there may be more' if found['more'] else ''}")


def export_user(
    user_id: UserId,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; printed if not given.")
    ] = None,
    environment: Environment = DEV,
    profile: Profile = None,
) -> None:
    """Export everything about a user as JSON. The file is readable by you alone."""
    with connect(profile, environment) as api:
        whole = _export(api, user_id)
    if file is None:
        output.as_json(whole)
        return
    try:
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            written.write(documents.as_json(whole))
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error}") from error
    output.say(str(file))


def _export(api: Api, user_id: str) -> dict[str, Any]:
    """Return all parts of an export as one."""
    whole: dict[str, Any] = {}
    cursor = None
    while True:
        path = api.manage(f"users/{api.part(user_id)}/export")
        part = api.call("POST", path, what=f"user {user_id}", query={"cursor": cursor}, repeatable=True)
        cursor = part.pop("next_cursor", None)
        for name, value in part.items():
            if isinstance(value, list):
                whole[name] = whole.get(name, []) + value
            else:
                whole.setdefault(name, value)
        if cursor is None:
            return whole


def erase_user(user_id: UserId, environment: Environment = DEV, yes: Yes = False, profile: Profile = None) -> None:
    """Erase everything about a user, for good: contacts, inbox, leads, the content of messages. Asks first.

    What remains is the receipt that it prints, and suppressed addresses as hashes.
    """
    with connect(profile, environment) as api:
        confirm(f"Erase everything about the user {user_id} of {environment} at {api.target.url}, for good?", yes=yes)
        # It can be repeated, so a lost answer is asked for again.
        path = api.manage(f"users/{api.part(user_id)}/erase")
        made = api.call("POST", path, what=f"user {user_id}", repeatable=True)
    output.say(f"The user is being erased. Receipt: {made['receipt']}")
