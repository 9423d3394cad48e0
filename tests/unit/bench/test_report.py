"""The document keeps what people wrote, and gets what was measured."""

from __future__ import annotations

from bench import report

TEXT = "# Title\n\n<!-- cold: written by `make bench` -->\nold\n<!-- end -->\n\nWords.\n"


def test_only_the_parts_between_marks_are_written_anew() -> None:
    once = report.filled(TEXT, {"cold": "new"})
    assert once == "# Title\n\n<!-- cold: written by `make bench` -->\n\nnew\n\n<!-- end -->\n\nWords.\n"
    assert report.filled(once, {"cold": "new"}) == once


def test_a_table_has_a_head_and_rows() -> None:
    assert report.table(("a", "b"), [(1, 2)]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_document_says_what_was_measured() -> None:
    document = report.DOCUMENT.read_text(encoding="utf-8")
    assert report.filled(document, report.parts(report.read())) == document, "run `python -m bench report`"
