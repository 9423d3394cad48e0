"""Imports of leads: rows read from JSON or CSV, and their errors."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nereid.dialects.http import BodyNotObject, Request
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LeadBody, known
from nereid.errors import Invalid

#: Largest import, in bytes and in rows.
MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 1000
#: Most cells in a line of CSV: lines of nothing but commas would take much memory.
MAX_CELLS = 10_000
_NEEDED = ("full_name", "email")


def rows(request: Request) -> Sequence[Any]:
    """Return the rows of an import; `Invalid` if there are none or too many, or if the body is neither form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    found = _of_csv(request.body) if kind == "text/csv" else _of_json(request)
    if not found:
        raise Invalid({"leads": "leads is required"})
    if len(found) > MAX_ROWS:
        raise Invalid({"leads": f"leads must have at most {MAX_ROWS} items"})
    return found


def checked(given: Sequence[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the fields of the valid rows, and of each invalid one its number, from 1, and its first error."""
    good, errors = [], []
    for number, row in enumerate(given, 1):
        try:
            if not isinstance(row, dict):
                raise Invalid({"row": "A row must be a JSON object"})  # noqa: TRY301 - as every other problem
            good.append(known(neptie.parse(LeadBody, row)))
        except Invalid as error:
            errors.append({"row": number, "message": next(iter(error.problems.values()))})
    return good, errors


def _of_json(request: Request) -> Sequence[Any]:
    body = request.json_value()
    if isinstance(body, dict):
        body = body.get("leads")
        if body is not None and not isinstance(body, list):
            raise Invalid({"leads": "leads must be an array"})
        return body or []
    if not isinstance(body, list):
        raise BodyNotObject(type(body).__name__)
    return body


def _of_csv(body: bytes) -> Sequence[dict[str, str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid({"leads": "leads must be CSV in UTF-8"}) from error
    try:
        return _records(csv.reader(_lines(text), strict=True))
    except csv.Error as error:
        raise Invalid({"leads": f"leads must be CSV: {error}"}) from error


def _lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if line.count(",") >= MAX_CELLS:
            raise Invalid({"leads": f"leads must be CSV with at most {MAX_CELLS} cells in a line"})
        yield line


def _records(lines: Iterable[list[str]]) -> list[dict[str, str]]:
    header: list[str] | None = None
    found = []
    for line in lines:
        if len(line) < 2 and not "".join(line).strip():  # an empty line is no row; one of empty cells is
            continue
        if header is None:
            header = [name.strip().lower() for name in line]
            for name in _NEEDED:
                if name not in header:
                    raise Invalid({name: f"{name} is required in the header"})
            continue
        found.append(dict(zip(header, line, strict=False)))
        if len(found) > MAX_ROWS:
            break
    return found
