"""Imports of leads: rows read from JSON or CSV, and their errors."""

from collections.abc import Sequence
from typing import Any

from nereid.dialects.http import BodyNotObject, Request
from nereid.dialects.neptie import csv_rows
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LeadBody, known
from nereid.errors import Invalid

#: Largest import, in bytes and in rows.
MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 1000


def rows(request: Request, columns: str) -> Sequence[Any]:
    """Return the rows of an import; `Invalid` if there are none or too many, or if the body is neither form.

    Parameters
    ----------
    columns
        Of CSV: which columns hold which fields.
    """
    kind, *parameters = request.headers.get("content-type", "").split(";")
    if kind.strip().lower() in csv_rows.TYPES:
        found: Sequence[Any] = csv_rows.read(request.body, _charset(parameters), columns, MAX_ROWS)
    else:
        found = _of_json(request)
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
            if isinstance(row, csv_rows.Unreadable):
                raise Invalid({"row": f"A row must be CSV{row.reason}"})  # noqa: TRY301 - as every other problem
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


def _charset(parameters: Sequence[str]) -> str:
    """Return the charset among the parameters of a content type; empty if there is none."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")
    return ""
