"""Messages: `send`, `tail`, `preview` and `test-send`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from nereid_cli import documents, event_types, output
from nereid_cli.api import Api
from nereid_cli.commands.common import DEV, Data, Environment, Json, Profile, connect, contact_of, data_of
from nereid_cli.errors import Mistake, Refused
from nereid_cli.following import Follower, received

EventType = Annotated[str, typer.Argument(metavar="EVENT_TYPE", help="The event type.")]
Name = Annotated[str | None, typer.Option("--name", help="This notification alone.")]
#: Statuses with which somebody was told, and those that are somebody's to fix (docs/delivery.md, "Statuses").
_TOLD, _FAILED = {"success", "mocked"}, {"failed", "no_provider", "pending"}
_PENDING = "pending"
_POLL_SECONDS = 0.5
#: `tail` looks through its whole window each time after this many seconds.
_THOROUGH_SECONDS = 20


def send(
    event_type: EventType,
    user: Annotated[
        str | None, typer.Option("--user", "-u", metavar="ID", help="The user that it happened to.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="KIND=ADDRESS", help="Another recipient: email=, sms= or push=. Several combine."),
    ] = None,
    data: Data = None,
    message_id: Annotated[
        str | None,
        typer.Option(
            "--message-id", metavar="ID", help="Its id; the same one again has no effect. Made up if not given."
        ),
    ] = None,
    environment: Environment = DEV,
    wait: Annotated[
        bool,
        typer.Option("--wait", "-w", help="Wait for its deliveries; exit with 1 if one failed, or nobody was told."),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Wait no longer than this.")
    ] = 60,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Send an event, and print the message's id."""
    given = message_id or str(uuid.uuid4())
    body: dict[str, Any] = {"event_type": event_type, "message_id": given, "data": data_of(data)}
    if user is not None:
        body["user_id"] = user
    if to:
        body["contact_infos"] = [contact_of(each) for each in to]
    with connect(profile, environment) as api:
        # A repetition with the same id is the same message, so a lost answer is asked for again.
        path = f"/neptune/{api.part(environment)}/events"
        accepted = api.call("POST", path, body, what=f"environment {environment}", repeatable=True)
        message = _told(api, accepted, timeout if wait else None, json_=json_)
    if message is not None:
        _conclude(message, json_=json_)


def send_test(
    event_type: EventType,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Where to: an address, a number, a token, a user's id.")
    ],
    name: Name = None,
    data: Data = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", metavar="ID", help="Whose user the templates see.")
    ] = None,
    environment: Environment = DEV,
    wait: Annotated[
        bool,
        typer.Option("--wait", "-w", help="Wait for its deliveries; exit with 1 if one failed, or nobody was told."),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Wait no longer than this.")
    ] = 60,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Send an event type's notifications to one address of yours, to see them there.

    The message is marked as a test and left out of metrics. A team has 60 an hour.
    """
    body = {"event_type": event_type, "name": name, "to": to, "data": data_of(data), "user_id": user}
    with connect(profile, environment) as api:
        made = _call_manage(api, "test_sends", body, _what(event_type, name))
        message = _told(api, made, timeout if wait else None, json_=json_)
    if message is not None:
        _conclude(message, json_=json_)


def preview(
    event_type: Annotated[str | None, typer.Argument(metavar="[EVENT_TYPE]", help="The event type.")] = None,
    name: Name = None,
    data: Data = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", metavar="ID", help="The user that the templates see.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Preview an event type's file instead, before it is applied.")
    ] = None,
    environment: Environment = DEV,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Show what notifications would be with data at hand; nothing is sent or stored."""
    if (event_type is None) == (file is None):
        raise Mistake("Name an event type, or a file with --file.")
    context = {"data": data_of(data), "user_id": user}
    with connect(profile, environment) as api:
        if file is not None:
            previews = _previews_of(api, documents.read(file), name, context)
        else:
            body = {"event_type": event_type, "name": name, **context}
            previews = _call_manage(api, "previews", body, _what(str(event_type), name))["previews"]
    if json_:
        output.as_json(previews)
        return
    if not previews:
        output.say("It has no notifications.")
    for each in previews:
        _show(each)


def _previews_of(api: Api, document: documents.Document, name: str | None, context: dict[str, Any]) -> list[Any]:
    event_types.check(document)
    previews: list[Any] = []
    for index, notification in enumerate(document.value["notifications"]):
        if name is not None and notification.get("name") != name:
            continue
        try:
            answer = _call_manage(api, "previews", {"notification": notification, **context}, "user or preview")
        except Refused as refused:
            if refused.status != 422:
                raise
            where = event_types.located(document, refused, "notification", f"notifications[{index}]")
            raise Mistake("\n".join(where)) from refused
        previews += answer["previews"]
    if name is not None and not previews:
        raise Mistake(f"{document.path} has no notification {name}")
    return previews


def _call_manage(api: Api, path: str, body: dict[str, Any], what: str) -> Any:
    given = {member: value for member, value in body.items() if value is not None}
    return api.call("POST", api.manage(path), given, what=what, repeatable=path == "previews")


def _what(event_type: str, name: str | None) -> str:
    return f"event type {event_type}" + (f" with a notification {name}" if name else "")


def _show(preview: dict[str, Any]) -> None:
    output.say(f"{preview['notification']} ({preview['channel']})", "bold")
    for member, value in preview["rendered"].items():
        text = value if isinstance(value, str) else documents.as_json(value).rstrip("\n")
        if "\n" in text:
            output.say(f"  {member}:")
            output.say("\n".join(f"    {line}" for line in text.split("\n")))
        else:
            output.say(f"  {member}: {text}")
    if not preview["when"]:
        output.say("  its condition does not hold: it would not be sent", "yellow")
    if preview["missing_variables"]:
        output.say(f"  missing: {', '.join(preview['missing_variables'])}", "yellow")
    if preview.get("reason"):
        output.say(f"  {preview['reason']}", "yellow")
    for note in preview.get("template_notes") or []:
        output.say(f"  note: {note if isinstance(note, str) else documents.as_json(note).strip()}", "yellow")
    output.say("")


def _told(api: Api, accepted: dict[str, Any], timeout: float | None, *, json_: bool) -> dict[str, Any] | None:
    """Print what was accepted, and return its message once it is finished, if somebody waits for it."""
    if not json_:
        output.say(accepted["message_id"])
    elif timeout is None:
        output.as_json(accepted)
    return None if timeout is None else _finished(api, accepted["message_id"], timeout)


def _finished(api: Api, message_id: str, timeout: float) -> dict[str, Any]:
    """Wait until a message is stored and its deliveries are final, or the time is over."""
    ends = time.monotonic() + timeout
    message: dict[str, Any] | None = None
    while True:
        answer = api.send("GET", api.manage(f"messages/{api.part(message_id)}"))
        if answer.is_success:
            message = answer.json()
            if all(each["status"] != _PENDING for each in message["deliveries"]):
                return message
        elif answer.status_code != 404:  # It is listed once it has passed its queue.
            raise api.refused(answer)
        if time.monotonic() > ends:
            break
        time.sleep(_POLL_SECONDS)
    if message is None:
        raise Mistake(f"{message_id} was accepted and is still in its queue after {timeout:g} s.")
    return message


def _conclude(message: dict[str, Any], *, json_: bool) -> None:
    """Print a message's deliveries; end with 1 if one failed, or nobody was told where somebody was meant."""
    deliveries = message["deliveries"]
    if json_:
        output.as_json(message)
    else:
        rows = [
            [each["notification"], each["channel"], each["to"], output.status(each["status"]), each["reason"]]
            for each in deliveries
        ]
        rows += [[each["notification"], "", "", Text("skipped"), each["reason"]] for each in message.get("skipped", [])]
        if rows:
            output.table(["notification", "channel", "to", "status", "reason"], rows)
        if message.get("reason"):
            output.say(f"Nothing was sent: {message['reason']}", "red")
    statuses = {each["status"] for each in deliveries}
    if message.get("reason") or statuses & _FAILED or (statuses and not statuses & _TOLD):
        raise typer.Exit(1)


def tail(
    environment: Environment = DEV,
    event_type: Annotated[str | None, typer.Option("--event-type", help="Messages of this event type alone.")] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="ID", help="Messages to this user alone.")] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Messages with a delivery to this address alone.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", help="Messages with a delivery of this status alone, such as failed; see --window."),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin with so many that are there.")] = 10,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for more, until Ctrl-C.")] = True,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Look each time after so many seconds.")] = 2,
    window: Annotated[
        float,
        typer.Option(
            "--window",
            metavar="MINUTES",
            min=1,
            help="Show messages that come so late at most, out of their queue or to --status.",
        ),
    ] = 15,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Follow the messages of an environment, in the order in which they arrive.

    A line has the time when the event was received, the message's id, its event type, its user, and why nothing was
    sent, if so. With --json, each line is the message.
    """
    query = {"event_type": event_type, "user_id": user, "address": address, "status": status}
    with connect(profile, environment) as api:

        def pages() -> Iterator[list[dict[str, Any]]]:
            return api.pages(api.manage("messages"), what=f"environment {environment}", query=query)

        follower = Follower(pages, timedelta(minutes=window), max(1, round(_THOROUGH_SECONDS / interval)))
        for message in follower.begin(lines):
            _print(message, json_=json_)
        while follow:
            time.sleep(interval)
            for message in _look(follower):
                _print(message, json_=json_)


def _look(follower: Follower) -> list[dict[str, Any]]:
    """Return what is new; a stack that cannot be reached for a while is tried again at the next look."""
    try:
        return follower.look()
    except Refused as refused:
        if refused.status < 500:
            raise
        output.tell(str(refused), "yellow")
    except Mistake as mistake:
        output.tell(str(mistake), "yellow")
    return []


def _print(message: dict[str, Any], *, json_: bool) -> None:
    if json_:
        output.as_line(message)
        return
    at = received(message).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    parts = [at, message["message_id"], message["event_type"], message["user_id"] or "-", message.get("reason") or ""]
    output.say("  ".join(parts).rstrip())
