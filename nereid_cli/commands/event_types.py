"""Event types as files: `apply` and `pull`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from nereid_cli import documents, event_types, output
from nereid_cli.api import Api
from nereid_cli.commands.common import DEV, Environment, Json, Profile, Yes, confirm, connect
from nereid_cli.errors import Mistake
from nereid_cli.event_types import Change

#: What --exit-code says where something would change.
WOULD_CHANGE = 2


def apply(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the files.")],
    environment: Environment = DEV,
    prune: Annotated[bool, typer.Option("--prune", help="Delete event types that have no file. Asks first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="With --dry-run: exit with 2 if something would change, for CI.")
    ] = False,
    yes: Yes = False,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Make an environment's event types those of a folder.

    Each event type has a file `<event_type>.yaml` or `<event_type>.json` with what PUT takes (docs/apis/manage.md). All
    files are checked before any is written; errors name file, line and field. The difference is printed, and what is
    the same is left alone.

    Exit codes: 0 done, 1 an error, 2 with --dry-run --exit-code if something would change.
    """
    if exit_code and not dry_run:
        raise Mistake("--exit-code needs --dry-run")
    wanted = event_types.read_folder(folder)
    with connect(profile, environment) as api:
        changes = event_types.plan(wanted, event_types.stored(api), prune=prune)
        problems = event_types.problems_of(api, changes)
        if problems:
            raise Mistake("\n".join([*problems, "Nothing was changed."]))
        if not json_:
            for change in changes:
                output.diff(change.diff())
        if dry_run:
            _summarize(changes, wanted, json_=json_, head="Would be")
            raise typer.Exit(WOULD_CHANGE if exit_code and changes else 0)
        gone = [change.event_type for change in changes if change.action == "deleted"]
        if gone:
            names = "\n".join(f"  {name}" for name in gone)
            confirm(
                f"{names}\nDelete {output.count(len(gone), 'event type')} of {environment} at {api.target.url}?",
                yes=yes,
            )
        done = _write(api, changes)
    _summarize(done, wanted, json_=json_, head="Done:")


def _write(api: Api, changes: list[Change]) -> list[Change]:
    for index, change in enumerate(changes):
        try:
            event_types.write(api, change)
        except Mistake as mistake:
            before = ", ".join(f"{each.event_type} {each.action}" for each in changes[:index])
            raise Mistake(f"{mistake}\nDone before that: {before or 'nothing'}. Fix it and apply again.") from mistake
    return changes


def _summarize(changes: list[Change], wanted: dict[str, documents.Document], *, json_: bool, head: str) -> None:
    same = [name for name in wanted if name not in {change.event_type for change in changes}]
    if json_:
        done = [{"event_type": each.event_type, "action": each.action} for each in changes]
        output.as_json(done + [{"event_type": name, "action": "unchanged"} for name in same])
        return
    counts = {action: sum(each.action == action for each in changes) for action in ("created", "changed", "deleted")}
    words = [f"{count} {action}" for action, count in counts.items() if count]
    output.say(f"{head} {', '.join([*words, f'{len(same)} unchanged'])}")


def pull(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to; made if it is not there.")],
    environment: Environment = DEV,
    format_: Annotated[
        Literal["yaml", "json"],
        typer.Option("--format", help="What new files are; those that are there stay what they are."),
    ] = "yaml",
    yes: Yes = False,
    profile: Profile = None,
) -> None:
    """Write an environment's event types as files, for `nereid apply`.

    Files that say the same already are left as they are, with their comments. If others would be overwritten, it asks
    first. Files of event types that are not in the environment stay.
    """
    with connect(profile, environment) as api:
        there = event_types.stored(api)
    known = _known(folder)
    to_write: dict[Path, str] = {}
    # Where a file system does not tell capitals apart, as on a Mac, names that differ in them alone would be one file.
    folded = Counter(name.casefold() for name in {*there, *known})
    for name, body in there.items():
        new = event_types.file_of(name, f".{format_}", capitals=folded[name.casefold()] == 1)
        path = known.get(name) or folder / new
        if path.exists() and _says(path, body):
            continue
        to_write[path] = documents.as_json(body) if path.suffix == documents.JSON else documents.as_yaml(body)
    over = [path for path in to_write if path.exists()]
    if over:
        names = "\n".join(f"  {path}" for path in over)
        confirm(f"{names}\nOverwrite {output.count(len(over), 'file')}?", yes=yes)
    for path, text in to_write.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Mistake(f"{path} cannot be written: {error}") from error
        output.say(str(path))
    output.say(f"{len(to_write)} written, {len(there) - len(to_write)} were the same")


def _known(folder: Path) -> dict[str, Path]:
    """Return the files that are there, by event type."""
    if not folder.exists():
        return {}
    found = {}
    for path in event_types.files(folder):
        found[event_types.event_type_of(path.relative_to(folder))] = path
    return found


def _says(path: Path, body: dict[str, object]) -> bool:
    try:
        document = documents.read(path)
        event_types.check(document)
    except Mistake:
        return False
    return event_types.same(event_types.body_of(document.value), body)
