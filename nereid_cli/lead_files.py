"""Files of leads, cut into parts between their rows.

What the columns mean, the API decides: the parts keep the file's own text, each under its header. Rows are counted as
the API counts them, from 1, without the header and lines of blanks; a row with an open quote is one line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nereid_cli.errors import Mistake

#: A part stays far below the API's 1,000 rows and 4 MiB, so that an answer comes soon and progress is seen.
PART_ROWS = 250
PART_BYTES = 1024 * 1024
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t| ]*\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A row of a file.

    Parameters
    ----------
    number : int
        From 1.
    line : int
        The line that it begins in, from 1.
    text : str
        As it is in the file.
    """

    number: int
    line: int
    text: str


@dataclass(frozen=True)
class LeadFile:
    """A file's header and rows.

    Parameters
    ----------
    head : str
        What every part begins with: the line `sep=`, if there is one, and the header.
    rows : list of Row
        In their order.
    """

    head: str
    rows: list[Row]

    def part(self, begin: int, most: int) -> list[Row]:
        """Return the next rows that fit into one request.

        Parameters
        ----------
        begin : int
            How many rows are before them.
        most : int
            How many rows it may be.
        """
        size = len(self.head.encode())
        taken: list[Row] = []
        for row in self.rows[begin : begin + min(most, PART_ROWS)]:
            size += len(row.text.encode()) + 1
            if taken and size > PART_BYTES:
                break
            taken.append(row)
        return taken

    def body(self, rows: Sequence[Row]) -> bytes:
        """Return the request that imports rows."""
        return (self.head + "".join(row.text if row.text[-1:] in "\r\n" else f"{row.text}\n" for row in rows)).encode()


def read(path: Path, charset: str) -> LeadFile:
    """Read a file.

    Parameters
    ----------
    path : Path
        Where it is.
    charset : str
        Its encoding, if it does not begin with a byte order mark.

    Raises
    ------
    Mistake
        If it cannot be read, or has no rows.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Mistake(f"{path}: cannot be read: {error.strerror}") from error
    if content.startswith(codecs.BOM_UTF8):
        charset = "utf-8-sig"
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    try:
        text = content.decode(charset)
    except LookupError as error:
        raise Mistake(f"--charset {charset}: there is no such charset") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Mistake(
            f"{path}:{line}: is not in {charset}: name another one with --charset, such as windows-1252"
        ) from error
    return _cut(path, text)


def _cut(path: Path, text: str) -> LeadFile:
    lines = [line for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text) if line]
    begin = 0
    said = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if said:
        begin = 1
    while begin < len(lines) and not lines[begin].strip():
        begin += 1
    if begin == len(lines):
        raise Mistake(f"{path}: is empty")
    separator = said[1] if said else max(_SEPARATORS, key=lines[begin].count)
    records = _records(lines, begin, separator)
    _, header = next(records)
    head = (lines[0] if said else "") + header
    rows = [Row(number, line + 1, record) for number, (line, record) in enumerate(records, 1)]
    if not rows:
        raise Mistake(f"{path}: has a header and no rows")
    return LeadFile(head if head[-1:] in "\r\n" else f"{head}\n", rows)


def _records(lines: list[str], begin: int, separator: str) -> Iterator[tuple[int, str]]:
    """Give each record's first line, counted from 0, and its text."""
    while begin < len(lines):
        reader = csv.reader(lines[begin:], delimiter=separator, strict=True, skipinitialspace=True)
        first = begin
        try:
            for cells in reader:
                following = begin + reader.line_num
                if len(cells) > 1 or "".join(cells).strip():
                    yield first, "".join(lines[first:following])
                first = following
            return
        except csv.Error:
            # The API reads on with the line after the one that the row begins in, and reports this one.
            yield first, lines[first]
            begin = first + 1
