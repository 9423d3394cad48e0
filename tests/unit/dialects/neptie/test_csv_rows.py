"""Files of leads as people and their programs write them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from nereid.dialects.neptie.csv_rows import Unreadable, read
from nereid.errors import Invalid

ROW = {"full_name": "Đặng Thu Hà", "email": "ha@example.vn"}


def rows(text: str, charset: str = "", columns: str = "", *, encoding: str = "utf-8") -> list[Any]:
    return read(text.encode(encoding), charset, columns, 1000)


def refused(text: str | bytes, charset: str = "", columns: str = "") -> dict[str, str]:
    with pytest.raises(Invalid) as found:
        read(text.encode() if isinstance(text, str) else text, charset, columns, 1000)
    return dict(found.value.problems)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\r\n", "\ufeff \n"])
def test_the_header_shows_what_separates_cells(separator: str, before: str, end: str) -> None:
    lines = [("full_name", "email"), tuple(ROW.values())]
    assert rows(before + end.join(separator.join(line) for line in lines)) == [ROW]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}", "SEP={}", '"sep={}"', "sep={}{}{}", "sep={} "])
def test_a_first_line_may_say_what_separates_cells(separator: str, line: str) -> None:
    first = line.replace("{}", separator)
    text = f"\ufeff{first}\r\nemail{separator}full_name\r\n{ROW['email']}{separator}{ROW['full_name']}\r\n"
    assert rows(text) == [ROW]


def test_cells_may_hold_what_separates_others() -> None:
    text = "E-Mail;Full name;Company\nolga@example.ua;Шевченко, Ольга;Дім, сад\n"
    assert rows(text) == [{"email": "olga@example.ua", "full_name": "Шевченко, Ольга", "company": "Дім, сад"}]
    assert rows('sep=,\nemail,full_name\na@example.com,"A;B"\n') == [{"email": "a@example.com", "full_name": "A;B"}]


@pytest.mark.parametrize(
    "header",
    [
        "full_name,email,job_title",
        "Full Name,E-Mail,Job Title",
        "FULLNAME, e_mail ,Job-title",
        "fullName,Email,jobTitle",
        "Full\u00a0Name,E\u2011Mail,Job\u2013Title",
        '\u200bFull Name, "E-Mail", "Job Title"',
    ],
)
def test_columns_are_known_whatever_the_case_and_blanks(header: str) -> None:
    assert rows(f"{header}\nNnamdi Eze,n@example.ng,CTO") == [
        {"full_name": "Nnamdi Eze", "email": "n@example.ng", "job_title": "CTO"}
    ]


def test_a_quoted_cell_may_stand_behind_a_blank() -> None:
    assert rows('full_name, email, company\n"Eze, N", n@example.ng, "Acme, Inc"\n') == [
        {"full_name": "Eze, N", "email": "n@example.ng", "company": "Acme, Inc"}
    ]


def test_of_two_columns_of_a_name_the_first_counts() -> None:
    assert rows("email,full_name,Email,Full name\na@e.com,Ann,b@e.com,\n") == [{"full_name": "Ann", "email": "a@e.com"}]


def test_first_and_last_names_are_one_name() -> None:
    lines = ["González;María José;m@example.mx", ";Björk;b@example.is", "Sukarno; ;s@example.id", " ; ;x@example.com"]
    text = "Last name;First name;email\n" + "\n".join(lines)
    assert [row.get("full_name") for row in rows(text)] == ["María José González", "Björk", "Sukarno", None]
    assert rows("full_name,first_name,last_name,email\nAna,Bea,Cruz,a@e.com\n,Bea,Cruz,b@e.com") == [
        {"full_name": "Ana", "email": "a@e.com"},
        {"full_name": "Bea Cruz", "email": "b@e.com"},
    ]


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ("Name:full_name,Mail:email", "Name,Mail"),
        ("name : Full Name, MAIL:E-Mail", "Mail;Name"),
        ("Vorname:first_name,Nachname:last_name,E-Mail-Adresse:email", "Vorname\tNachname\tE-Mail-Adresse"),
        ('"Name, voll:full_name",a:b:email', 'a:b;"Name, voll"'),
        ("Kontakt:email", "full_name,Kontakt"),
    ],
)
def test_columns_of_other_names_are_named_by_the_caller(columns: str, header: str) -> None:
    separator = next(each for each in "\t;," if each in header)
    cells = {"Name": "Grace Hu", "Mail": "g@example.tw", "Vorname": "Grace", "Nachname": "Hu", "full_name": "Grace Hu"}
    names = header.replace('"', "").split(separator)
    line = separator.join(cells.get(name, "Grace Hu" if "voll" in name else "g@example.tw") for name in names)
    assert rows(f"{header}\n{line}", columns=columns) == [{"full_name": "Grace Hu", "email": "g@example.tw"}]


def test_what_the_caller_names_stands_before_what_the_header_says() -> None:
    text = "email,work,full_name\nhome@example.com,work@example.com,Ann"
    assert rows(text, columns="work:email") == [{"email": "work@example.com", "full_name": "Ann"}]


@pytest.mark.parametrize("columns", ["Name", "Name:", ":email", "Name:phone", "Name:full_name,,", " "])
def test_columns_are_pairs_of_a_column_and_a_field(columns: str) -> None:
    assert set(refused("full_name,email\nA,a@e.com", columns=columns)) == {"columns"}


def test_a_column_that_the_caller_names_is_there() -> None:
    assert set(refused("full_name,email\nA,a@e.com", columns="Firma:company")) == {"columns"}


@pytest.mark.parametrize(
    ("charset", "encoding", "name"),
    [
        ("utf-8", "utf-8", "Þórður"),
        ("UTF8", "utf-8-sig", "Þórður"),
        ("iso-8859-1", "cp1252", "„Þórður“ €"),
        ("latin1", "latin-1", "Þórður"),
        ("us-ascii", "ascii", "Thordur"),
        ("ISO-8859-2", "iso-8859-2", "Łukasz Żak"),
        ("ISO-8859-15", "iso-8859-15", "Œdipe €"),
        ("windows-1250", "cp1250", "Jiří Dvořák"),
        ("windows-1251", "cp1251", "Дмитрий"),
        ("cp1254", "cp1254", "Ayşegül"),
        ("KOI8-R", "koi8-r", "Дмитрий"),
        ("Shift_JIS", "shift_jis", "山田太郎"),
        ("euc-kr", "euc-kr", "김민수"),
        ("gb18030", "gb18030", "王小明"),
        ("Big5", "big5", "王小明"),
        ("utf-16", "utf-16", "王😀"),
        ("utf-16le", "utf-16-le", "王😀"),
        ("macintosh", "mac-roman", "Zoë"),
    ],
)
def test_a_file_is_read_in_the_charset_that_it_says(charset: str, encoding: str, name: str) -> None:
    assert rows(f"full_name,email\n{name},a@e.com\n", charset, encoding=encoding) == [
        {"full_name": name, "email": "a@e.com"}
    ]


@pytest.mark.parametrize("charset", ["", "utf-8", "windows-1252", "utf-16"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_that_begins_as_utf_16_is_read_as_such(charset: str, encoding: str) -> None:
    text = "\ufeffFull Name\tE-Mail\r\nĐặng 😀\tha@example.vn\r\n"
    assert rows(text, charset, encoding=encoding) == [{"full_name": "Đặng 😀", "email": "ha@example.vn"}]


@pytest.mark.parametrize(
    "charset",
    ["klingon", "base64", "zlib", "punycode", "idna", "unicode_escape", "utf-7", "rot13", "cp99", "\0", "../x"],
)
def test_what_is_no_charset_of_text_is_refused(charset: str) -> None:
    assert refused("full_name,email\nA,a@e.com", charset) == {
        "leads": "leads must be CSV in UTF-8 or another known charset"
    }


def test_a_row_with_characters_that_are_not_in_the_charset_costs_no_other() -> None:
    body = b"full_name,email\nAnn,a@e.com\nJos\xe9,j@e.com\nBob,b@e.com\n"
    assert read(body, "", "", 1000) == [
        {"full_name": "Ann", "email": "a@e.com"},
        Unreadable(" in UTF-8"),
        {"full_name": "Bob", "email": "b@e.com"},
    ]
    whole = rows("full_name,email\nAnn \ufffd,a@e.com\n")
    assert whole == [{"full_name": "Ann \ufffd", "email": "a@e.com"}]


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ('"Ottó "Öcsi" Kiss",x@e.com', False),
        ('"Kiss"Ottó,x@e.com', False),
        ('"Kiss,x@e.com', False),
        ('Kiss "Öcsi" Ottó,x@e.com', True),
        ('"Kiss ""Öcsi"" Ottó",x@e.com', True),
        ('"Kiss\nOttó",x@e.com', True),
        ("x" * 140_000 + ",x@e.com", False),
    ],
)
def test_a_row_that_cannot_be_read_costs_no_other(row: str, taken: bool) -> None:  # noqa: FBT001
    found = rows(f'full_name,email\n"Anna\nMária",a@e.com\n{row}\nCili,c@e.com\n\n"Dóra",d@e.com')
    assert [isinstance(each, dict) for each in found] == [True, taken, True, True]
    assert [found[0]["full_name"], found[2]["full_name"], found[3]["full_name"]] == ["Anna\nMária", "Cili", "Dóra"]


def test_a_quote_that_opens_many_rows_costs_those_rows_alone() -> None:
    lines = ['"A,a@e.com', "B,b@e.com", '"C,c@e.com', "D,d@e.com", '"E",e@e.com']
    found = rows("full_name,email\n" + "\n".join(lines))
    assert [isinstance(each, dict) for each in found] == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Name,Mail\nA,a@e.com", "full_name"),
        ("First name,email\nA,a@e.com", "full_name"),
        ("full_name;company\nA;B", "email"),
        ('"full_name,email\nA,a@e.com', "leads"),
        (b"full_name,email,\xff\nA,a@e.com", "leads"),
        (b"full_name,email\nJos\xe9,j@e.com\nRen\xe9,r@e.com", "leads"),
        ('full_name,email\n"A" B,a@e.com', "leads"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_refused(text: str | bytes, field: str) -> None:
    assert set(refused(text)) == {field}


@pytest.mark.parametrize("text", ["", "\n\n", "full_name,email", "full_name,email\n\r\n \n", "\ufeff", "sep=;"])
def test_a_file_without_rows_has_none(text: str) -> None:
    assert rows(text) == []


def test_reading_ends_with_the_row_after_the_last_that_is_wanted() -> None:
    assert len(rows("full_name,email\n" + "A,a@e.com\n" * 5000)) == 1001
    assert len(rows("full_name,email\n0,0@e.com\n" + '"A"A,a@e.com\n' * 5000)) == 1001


@pytest.mark.parametrize("line", ["\n", " \n", '"\n', '""\n', '"x\na""b\n', '"x\n' + "a\n" * 300, ";", '"', "a,b\n"])
def test_the_largest_file_is_read_in_seconds_whatever_it_holds(line: str) -> None:
    body = (b"full_name,email\n" + line.encode() * (4 * 1024 * 1024 // len(line)))[: 4 * 1024 * 1024]
    started = time.process_time()
    with suppress(Invalid):
        read(body, "", "", 1000)
    assert time.process_time() - started < 5
