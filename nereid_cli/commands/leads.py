"""Importing leads: `import`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nereid_cli import lead_files, output
from nereid_cli.api import Api, field_errors, retry_after
from nereid_cli.commands.common import DEV, Json, Profile, connect
from nereid_cli.errors import Mistake
from nereid_cli.lead_files import LeadFile, Row

_ROUTE = "/v1/leads/import"
_COUNTS = ("added", "updated", "skipped")
#: How long to wait if a refusal does not say.
_WAIT_SECONDS = 60.0


@dataclass
class Report:
    """What became of the rows so far."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    errors: list[dict[str, Any]] = field(default_factory=list)

    def note(self, answer: dict[str, Any], rows: list[Row]) -> None:
        """Add an answer to some of the rows."""
        for name in _COUNTS:
            self.counts[name] += answer[name]
        for error in answer["errors"]:
            self.fail(rows[error["row"] - 1], error["message"])

    def fail(self, row: Row, message: str) -> None:
        """Add a row that was not taken."""
        self.errors.append({"row": row.number, "line": row.line, "message": message})


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file.")],
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="COLUMN:FIELD,…", help="Which columns hold which fields, if their names do not say."
        ),
    ] = None,
    charset: Annotated[str, typer.Option("--charset", help="The file's charset, such as windows-1252.")] = "utf-8",
    from_row: Annotated[
        int, typer.Option("--from-row", metavar="N", min=1, help="Begin with this row, where an import ended.")
    ] = 1,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait/--no-wait", help="Wait for the next hour when an hour's rows (1,000) are used up, or end."
        ),
    ] = True,
    json_: Json = False,
    profile: Profile = None,
) -> None:
    """Import leads from a CSV file, in parts.

    The header names full_name (or first_name and last_name), email, company, job_title and industry. A lead that is
    there is updated, so an import can be repeated; one that ended early goes on with --from-row. Rows that cannot be
    taken are listed with their line, the others are imported. Exits with 1 if there are such rows.
    """
    leads = lead_files.read(file, charset)
    if from_row > len(leads.rows):
        raise Mistake(f"{file} has {len(leads.rows)} rows, so none is left from row {from_row} on.")
    report = Report()
    with connect(profile, DEV) as api, _progress() as progress:
        task = progress.add_task("importing", total=len(leads.rows), completed=from_row - 1)

        def done(rows: int) -> None:
            progress.update(task, completed=rows, description="importing")

        def waiting(seconds: float) -> None:
            until = time.strftime("%H:%M", time.localtime(time.time() + seconds))
            progress.update(task, description=f"hour used up, waiting until {until}")
            if not progress.console.is_terminal:
                output.tell(f"The hour's rows are used up: waiting until {until}")

        run = _Import(api, leads, report, columns, done, waiting if wait else None)
        try:
            run.go(from_row - 1)
        except (Mistake, KeyboardInterrupt) as error:
            progress.stop()
            _print(report, json_=json_)
            said = "Interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
            if run.finished == from_row - 1:
                raise Mistake(f"{said}\nNo row was imported.") from error
            raise Mistake(f"{said}\nGo on with: nereid import {file} --from-row {run.finished + 1}") from error
    _print(report, json_=json_)
    if report.errors:
        raise typer.Exit(1)


class _Import:
    """An import under way.

    Parameters
    ----------
    api : Api
        Where to.
    leads : LeadFile
        What.
    report : Report
        Where the outcome is noted.
    columns : str, optional
        As the query has it.
    done : callable
        Is told how many rows are done with.
    waiting : callable, optional
        Is told the seconds that are waited for when an hour's rows are used up; None ends the import then.
    """

    def __init__(
        self,
        api: Api,
        leads: LeadFile,
        report: Report,
        columns: str | None,
        done: Callable[[int], None],
        waiting: Callable[[float], None] | None,
    ) -> None:
        self._api = api
        self._leads = leads
        self._report = report
        self._columns = columns
        self._done = done
        self._waiting = waiting
        #: How many rows of the file are done with.
        self.finished = 0

    def go(self, begin: int) -> None:
        """Import all rows after so many."""
        self.finished = begin
        most = lead_files.PART_ROWS
        while self.finished < len(self._leads.rows):
            rows = self._leads.part(self.finished, most)
            answer = self._api.send(
                "POST",
                _ROUTE,
                content=self._leads.body(rows),
                content_type="text/csv; charset=utf-8",
                query={"columns": self._columns},
                # Rows that are stored already are skipped.
                repeatable=True,
                key=True,
            )
            if answer.status_code == 429:
                most = self._refused_for_the_hour(answer, len(rows))
                continue
            if answer.is_success:
                self._report.note(answer.json(), rows)
                left = answer.headers.get("X-RateLimit-Remaining", "")
                most = int(left) or lead_files.PART_ROWS if left.isdecimal() else lead_files.PART_ROWS
            else:
                self._none_was_taken(answer, rows, first=self.finished == begin)
            self.finished += len(rows)
            self._done(self.finished)

    def _refused_for_the_hour(self, answer: Any, asked: int) -> int:
        """Wait for the next hour unless some rows may still go in this one; return how many to send then."""
        left = answer.headers.get("X-RateLimit-Remaining", "")
        if left.isdecimal() and 0 < int(left) < asked:
            return int(left)
        seconds = retry_after(answer.headers) or _WAIT_SECONDS
        if self._waiting is None:
            raise Mistake(f"The rows of this hour are used up; the next begins in {round(seconds / 60 + 0.5)} minutes.")
        self._waiting(seconds)
        time.sleep(seconds)
        return lead_files.PART_ROWS

    def _none_was_taken(self, answer: Any, rows: list[Row], *, first: bool) -> None:
        """Note rows of which none can be read; whatever else was refused ends the import."""
        refused = self._api.refused(answer)
        # A part of unreadable rows alone is refused as a whole. Of the first one, the whole file may be no CSV.
        if first or answer.status_code != 400 or [each.field for each in field_errors(refused.body)] != ["leads"]:
            raise refused
        for row in rows:
            self._report.fail(row, str(refused))


def _progress() -> Progress:
    console = output.err()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(report: Report, *, json_: bool) -> None:
    if json_:
        output.as_json({**report.counts, "errors": report.errors})
        return
    if report.errors:
        output.table(["row", "line", "error"], [[each["row"], each["line"], each["message"]] for each in report.errors])
    output.say(
        ", ".join(f"{report.counts[name]} {name}" for name in _COUNTS)
        + f", {output.count(len(report.errors), 'error')}"
    )
