"""Event types as files of a folder: which there are, how they differ from those of an environment, and what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from nereid_cli import documents
from nereid_cli.api import Api, field_errors
from nereid_cli.documents import Document
from nereid_cli.errors import Mistake, Refused

#: What PUT takes (docs/apis/manage.md, "Event types"). It ignores other members: a misspelled one would be lost.
MEMBERS = ("notifications", "public", "retain_data")
MAX_NOTIFICATIONS = 20
MAX_NAME = 256
Action = Literal["created", "changed", "deleted"]
#: Statuses that mean that the file is wrong, or too large.
_WRONG = {400, 413, 422}
#: How many notifications are asked about at the same time: a team may have thousands.
_AT_ONCE = 8
# Characters that a file's name cannot have on some system, or that mean something in it.
_ESCAPED = set('%\\:*?"<>|')


@dataclass(frozen=True)
class Change:
    """What is to be done with an event type.

    Parameters
    ----------
    event_type : str
        Its name.
    action : str
        What is done: created, changed or deleted.
    before, after : dict, optional
        PUT's body as it is, and as it is to be.
    document : Document, optional
        The file; none for a deletion.
    """

    event_type: str
    action: Action
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    document: Document | None = None

    def diff(self) -> list[str]:
        """Return the difference as the lines of a unified diff of YAML."""
        before = "" if self.before is None else documents.as_yaml(_in_order_of(self.before, self.after))
        after = "" if self.after is None else documents.as_yaml(self.after)
        names = (
            (self.event_type if self.before is not None else "/dev/null"),
            (str(self.document.path) if self.document else "/dev/null"),
        )
        return list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def read_folder(folder: Path) -> dict[str, Document]:
    """Read the files of a folder, and of those below it.

    Returns
    -------
    dict
        For each event type its file, in order of the names.

    Raises
    ------
    Mistake
        If there are none, or some are wrong: all that is found, with file and line.
    """
    if not folder.is_dir():
        raise Mistake(f"There is no folder {folder}.")
    found: dict[str, Document] = {}
    problems = []
    for path in sorted(files(folder)):
        try:
            name = event_type_of(path.relative_to(folder))
            if name in found:
                problems.append(f"{path}: is the event type {name}, as is {found[name].path}")
                continue
            found[name] = documents.read(path)
            check(found[name])
        except Mistake as mistake:
            problems.append(str(mistake))
    if problems:
        raise Mistake("\n".join(problems))
    if not found:
        raise Mistake(f"{folder} has no file of an event type: <event_type>.yaml or <event_type>.json")
    return found


def files(folder: Path) -> Iterator[Path]:
    """Give the files of event types in a folder and below it; those that are hidden are none."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in documents.SUFFIXES and not hidden and path.is_file():
            yield path


def event_type_of(path: Path) -> str:
    """Return the event type that a file is of: its path in the folder, without the ending, %XX being characters."""
    try:
        name = unquote(path.with_suffix("").as_posix(), errors="strict")
        name.encode()
    except UnicodeError as error:
        raise Mistake(
            f"{path}: is no UTF-8 after %XX is read: a % in an event type is %25 in the file's name"
        ) from error
    if len(name) > MAX_NAME:
        raise Mistake(f"{path}: an event type has at most {MAX_NAME} characters")
    return name


def file_of(event_type: str, suffix: str, *, capitals: bool = True) -> Path:
    """Return the path of an event type's file in its folder; `event_type_of` is the inverse.

    Parameters
    ----------
    event_type : str
        Its name.
    suffix : str
        The ending.
    capitals : bool
        Whether capitals stay; else they are escaped, for systems that do not tell them apart.
    """
    parts = event_type.split("/")
    # Folders have names; where a part has none, the slash is a character like others.
    slash = "" if all(parts) else "/"
    if slash:
        parts = [event_type]
    *folders, name = [_escaped(part, slash, capitals=capitals) for part in parts]
    return Path(*folders, name + suffix)


def _escaped(text: str, also: str, *, capitals: bool) -> str:
    ends = (0, len(text) - 1)

    def fits(index: int, each: str) -> bool:
        if each in _ESCAPED or each in also or not each.isprintable():
            return False
        # A name that begins with a dot is hidden, and Windows loses a dot or a blank at the end.
        if each in ". " and index in ends:
            return False
        return capitals or each == each.lower()

    return "".join(each if fits(index, each) else _percent(each) for index, each in enumerate(text))


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def check(document: Document) -> None:
    """Refuse what can be seen without the API, with file and line.

    Raises
    ------
    Mistake
        All that is wrong.
    """
    body = document.value
    if not isinstance(body, dict):
        raise Mistake(f"{document.place('')}: must be an object with {', '.join(MEMBERS)}")
    problems = [
        f"{document.place(name)}: {name}: is no member of an event type ({', '.join(MEMBERS)})"
        for name in body
        if name not in MEMBERS
    ]
    notifications = body.get("notifications")
    if not isinstance(notifications, list):
        problems.append(f"{document.place('notifications')}: notifications: must be given, as a list")
        notifications = []
    if len(notifications) > MAX_NOTIFICATIONS:
        problems.append(f"{document.place('notifications')}: notifications: must be at most {MAX_NOTIFICATIONS}")
    problems += [
        f"{document.place(name)}: {name}: must be true or false"
        for name in MEMBERS[1:]
        if not isinstance(body.get(name), bool | None)
    ]
    seen = set()
    for index, each in enumerate(notifications):
        member = f"notifications[{index}]"
        if not isinstance(each, dict):
            problems.append(f"{document.place(member)}: {member}: must be an object")
            continue
        name = each.get("name")
        if isinstance(name, str) and name in seen:
            problems.append(f"{document.place(f'{member}.name')}: {member}.name: another notification is called {name}")
        seen.add(str(name))
    if problems:
        raise Mistake("\n".join(problems))


def stored(api: Api) -> dict[str, dict[str, Any]]:
    """Return PUT's body of each event type of the environment, in order of the names."""
    pages = api.pages(api.manage("event_types"), what=f"environment {api.environment}")
    return {each["event_type"]: body_of(each) for page in pages for each in page}


def body_of(shown: dict[str, Any]) -> dict[str, Any]:
    """Return PUT's body of an event type that the API shows."""
    return {name: shown[name] for name in MEMBERS if shown.get(name) is not None}


def plan(wanted: dict[str, Document], there: dict[str, dict[str, Any]], *, prune: bool) -> list[Change]:
    """Return what is to be done so that the environment has what the files say: deletions last."""
    changes = []
    for name, document in wanted.items():
        before, after = there.get(name), body_of(document.value)
        if before is None:
            changes.append(Change(name, "created", None, after, document))
        elif not same(before, after):
            changes.append(Change(name, "changed", before, after, document))
    if prune:
        changes += [Change(name, "deleted", body, None) for name, body in there.items() if name not in wanted]
    return changes


def problems_of(api: Api, changes: Iterable[Change]) -> list[str]:
    """Ask the API what is wrong with the notifications of files, which writes nothing; return it with file and line."""

    def ask(document: Document, index: int, notification: Any) -> list[str]:
        body = {"notification": notification}
        try:
            api.call("POST", api.manage("previews"), body, what="preview", repeatable=True)
        except Refused as refused:
            if refused.status in _WRONG:
                return located(document, refused, "notification", f"notifications[{index}]")
            if refused.status != 404:  # A stack of an earlier release, which says what is wrong when it is written.
                raise
        return []

    questions = [
        (change.document, index, notification)
        for change in changes
        if change.document is not None and change.after is not None
        for index, notification in enumerate(change.after["notifications"])
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [problem for problems in pool.map(lambda each: ask(*each), questions) for problem in problems]


def located(document: Document, refused: Refused, was: str = "", is_: str = "") -> list[str]:
    """Return what an answer complains about with file, line and field.

    Parameters
    ----------
    document : Document
        The file.
    refused : Refused
        The answer.
    was, is_ : str
        What the fields begin with in the request, and in the file.
    """
    errors = field_errors(refused.body)
    lines = []
    for each in errors:
        field = each.field
        if was and (field == was or field.startswith((f"{was}.", f"{was}["))):
            field = is_ + field[len(was) :]
        lines.append(f"{document.place(field, each.line)}: {field}: {each.message}")
    return lines or [f"{document.path}: {refused}"]


def write(api: Api, change: Change) -> None:
    """Do what a change says.

    Raises
    ------
    Mistake
        If the API refuses it, with file and line.
    """
    path = api.manage(f"event_types/{api.part(change.event_type)}")
    if change.after is None:
        try:
            api.call("DELETE", path, what=f"event type {change.event_type}")
        except Refused as refused:
            if refused.status != 404:  # Somebody else deleted it, which is what was wanted.
                raise
        return
    try:
        api.call("PUT", path, change.after, what=f"environment {api.environment}")
    except Refused as refused:
        if change.document is None or refused.status not in _WRONG:
            raise
        raise Mistake("\n".join(located(change.document, refused))) from refused


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON; for Python, true is 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _in_order_of(value: Any, model: Any) -> Any:
    """Return a value with its members in the order of another one, so that a diff shows what differs alone."""
    if isinstance(value, dict) and isinstance(model, dict):
        names = [name for name in model if name in value] + [name for name in value if name not in model]
        return {name: _in_order_of(value[name], model.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list):
        named = {each["name"]: each for each in model if isinstance(each, dict) and isinstance(each.get("name"), str)}
        return [
            _in_order_of(each, named.get(each.get("name")) if isinstance(each, dict) and named else None)
            for each in value
        ]
    return value
