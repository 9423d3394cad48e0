"""Rows of leads read from CSV as people and their programs write it.

The first line may say which character separates cells (`sep=;`, as Excel has it); else the header shows it. A row that
cannot be read costs no other one: reading goes on with the line after the one that it begins in.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nereid.errors import Invalid

#: Content types of CSV; the last is what browsers on Windows say.
TYPES = frozenset({"text/csv", "application/csv", "application/vnd.ms-excel"})
#: Most cells in a line: lines of nothing but commas would take much memory.
MAX_CELLS = 10_000
#: The fields of a lead by the names of their columns, written as `_bare` does.
_FIELDS = {
    "fullname": "full_name",
    "firstname": "first_name",
    "lastname": "last_name",
    "email": "email",
    "company": "company",
    "jobtitle": "job_title",
    "industry": "industry",
}
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t| ]*(\r\n|\r|\n|\Z)', re.IGNORECASE)
#: Of the encodings that Python knows, those of text in which CSV is written.
_CHARSETS = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|(us-)?ascii|latin-?1|iso-?8859-\d\d?|cp-?\d{3,4}|koi8-[rut]|mac-?roman|macintosh"
    r"|shift-?jis|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5|tis-620"
)
#: What browsers read these as: programs say them when they mean it.
_MEANT = {"ascii": "cp1252", "us-ascii": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-1": "cp1252"}
#: What UTF-16 begins with, whatever is said of it: Excel's "Unicode text". No UTF-8 does.
_BOMS_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What makes no difference between the names of columns: blanks, dashes, and what cannot be seen.
_BLANK = re.compile(r"[\s_\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff-]+")
_NOT_DECODED = "\ufffd"


class Unreadable(NamedTuple):
    """A row that cannot be read; `reason` goes on after "must be CSV"."""

    reason: str


Row = dict[str, str] | Unreadable


def read(body: bytes, charset: str, columns: str, most: int) -> list[Row]:
    """Return the rows of a file by the names of a lead's fields.

    Parameters
    ----------
    charset
        As the content type names it; empty for UTF-8.
    columns
        Which columns hold which fields, beside those that say it themselves: `Name:full_name,Mail:email`.
    most
        Reading ends with the row after so many.

    Raises
    ------
    Invalid
        On `leads` if no row can be read, on a field that has no column, on `columns`.
    """
    mapped = _mapped(columns)
    text, lost = _decoded(body, charset or "UTF-8")
    said = _SEPARATOR_LINE.match(text)
    # Each separator is tried on the header, so that nothing empty stands before it.
    text = (text[said.end() :] if said else text).lstrip("\r\n ")
    separator, header = _header(text, [said[1]] if said else _SEPARATORS, mapped)
    if isinstance(header, Unreadable) or (lost and _is_lost(header)):
        raise Invalid({"leads": f"leads must be CSV{header.reason if isinstance(header, Unreadable) else lost}"})
    places = _places(header, mapped)
    records = _records(text, separator)
    next(records, None)
    rows: list[Row] = []
    for cells in records:
        if isinstance(cells, Unreadable):
            rows.append(cells)
        else:
            rows.append(Unreadable(lost) if lost and _is_lost(cells) else _lead(cells, places))
        if len(rows) > most:
            break
    reasons = [row.reason for row in rows if isinstance(row, Unreadable)]
    if reasons and len(reasons) == len(rows):
        raise Invalid({"leads": f"leads must be CSV{reasons[0]}"})
    return rows


def _decoded(body: bytes, charset: str) -> tuple[str, str]:
    """Return the text of a file, and why some of it is lost; empty if all characters are in the charset."""
    label = charset.lower().replace("_", "-").replace("windows-", "cp")
    if body.startswith(codecs.BOM_UTF8):
        label = "utf-8"
    elif body.startswith(_BOMS_UTF16) and not body.startswith(codecs.BOM_UTF32_LE):
        label = "utf-16"
    if not _CHARSETS.fullmatch(label):
        raise Invalid({"leads": "leads must be CSV in UTF-8 or another known charset"})
    try:
        encoding = codecs.lookup(_MEANT.get(label, label)).name
    except LookupError as error:
        raise Invalid({"leads": "leads must be CSV in UTF-8 or another known charset"}) from error
    try:
        return body.decode(encoding).removeprefix("\ufeff"), ""
    except UnicodeDecodeError:
        return body.decode(encoding, "replace").removeprefix("\ufeff"), f" in {charset}"


def _is_lost(cells: Sequence[str]) -> bool:
    return any(_NOT_DECODED in cell for cell in cells)


def _mapped(columns: str) -> dict[str, str]:
    """Return the field of each column that the caller names."""
    mapped: dict[str, str] = {}
    for pair in next(csv.reader([columns]), []):
        column, colon, field = pair.rpartition(":")
        known = _FIELDS.get(_bare(field))
        if not colon or not column.strip() or known is None:
            raise Invalid({"columns": "columns must be pairs of column and field, as Name:full_name,Mail:email"})
        mapped[_bare(column)] = known
    return mapped


def _header(text: str, separators: Sequence[str], mapped: Mapping[str, str]) -> tuple[str, list[str] | Unreadable]:
    """Return the separator with which the header names most fields, and the header."""
    headers = {each: next(_records(text, each), []) for each in separators}

    def named(separator: str) -> int:
        header = headers[separator]
        return 0 if isinstance(header, Unreadable) else len(_fields(header, mapped))

    best = max(separators, key=named)
    return best, headers[best]


def _places(header: Sequence[str], mapped: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each field in a row."""
    missing = mapped.keys() - {_bare(name) for name in header}
    if missing and header:
        raise Invalid({"columns": f"columns must be in the header: {min(missing)} is not"})
    places = _fields(header, mapped)
    if header and "full_name" not in places and not {"first_name", "last_name"} <= places.keys():
        raise Invalid({"full_name": "full_name is required in the header"})
    if header and "email" not in places:
        raise Invalid({"email": "email is required in the header"})
    return places


def _fields(header: Sequence[str], mapped: Mapping[str, str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for names in (mapped, _FIELDS):
        for place, name in enumerate(header):
            field = names.get(_bare(name))
            # Of two columns of a name the first counts.
            if field is not None and field not in places and place not in places.values():
                places[field] = place
    return places


def _bare(name: str) -> str:
    return _BLANK.sub("", name.casefold())


def _lead(cells: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    lead = {field: cells[place] for field, place in places.items() if place < len(cells)}
    first, last = lead.pop("first_name", ""), lead.pop("last_name", "")
    if not lead.get("full_name", "").strip() and (first.strip() or last.strip()):
        lead["full_name"] = f"{first.strip()} {last.strip()}".strip()
    return lead


def _records(text: str, separator: str) -> Iterator[list[str] | Unreadable]:
    """Read records from their beginning; a line of blanks is none, one of empty cells is."""
    stream = io.StringIO(text, newline="")
    reader = _reader(stream, separator)
    while True:
        begin = stream.tell()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # An open quote takes in all lines up to the next one: those are read again, each from its beginning.
            stream.seek(begin)
            stream.readline()
            reader = _reader(stream, separator)
            yield Unreadable(f": {error}")
            continue
        if len(cells) > 1 or "".join(cells).strip():
            yield cells


def _reader(stream: io.StringIO, separator: str) -> Iterator[list[str]]:
    # A blank before a quote would make it a character of the cell, and separators in it would count.
    return csv.reader(_lines(stream, separator), delimiter=separator, strict=True, skipinitialspace=True)


def _lines(stream: io.StringIO, separator: str) -> Iterator[str]:
    # Not the stream itself, which would not tell where it stands.
    for line in iter(stream.readline, ""):
        if line.count(separator) >= MAX_CELLS:
            raise Invalid({"leads": f"leads must be CSV with at most {MAX_CELLS} cells in a line"})
        yield line
