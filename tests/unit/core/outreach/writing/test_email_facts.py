"""What of a lead's and a campaign's fields can stand in a mail, and how it stands there."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nereid.core.outreach.writing import email_facts
from nereid.core.outreach.writing.email_facts import fit, plain

SENTENCE = "We help teams to find slow queries in time"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("  a \t\n b ", "a b"),
        ("<b>a</b>", "a"),
        ("&amp;amp;lt;i&amp;amp;gt;a", "a"),
        ("&amp;amp;amp;lt;i&amp;amp;amp;gt;a", "&lt;i&gt;a"),
        ("a\u202eb\u200bc", "abc"),
        ("a\u00a0b\u2028c", "a b c"),
        ("e\u0301", "é"),
    ],
)
def test_a_field_is_one_line_of_plain_text(value: str | None, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Example Inc.", "Example Inc."),
        ("Example Corp", "Example Corp"),
        ("Sample & Bros.", "Sample & Bros."),
        ("Example Shop.", "Example Shop"),
        ("'Example',", "Example"),
        ("a " * 7 + "b", None),
        ("a " * 6 + "b", "a " * 6 + "b"),
        ("x" * 80, "x" * 80),
        ("x" * 81, None),
        ("--", None),
        ("…", None),
        ("", None),
    ],
)
def test_a_field_fits_into_a_sentence_if_it_is_short_and_has_letters(value: str, text: str | None) -> None:
    assert fit(value, 7) == text


@pytest.mark.parametrize(
    ("full_name", "names"),
    [
        ("John Doe", ("John", "John")),
        ("J. Doe", ("J. Doe", "J. Doe")),
        ("j doe", ("J Doe", "J Doe")),
        ("BO LEE", ("Bo", "Bo")),
        ("MARY Smith", ("Mary", "Mary")),
        ("JD", ("JD", "JD")),
        ("john doe", ("John", "John")),
        ("JEAN-LUC O'NEILL", ("Jean-Luc", "Jean-Luc")),
        ("madonna", ("Madonna", "Madonna")),
        ("Dr. Jane Smith", ("Jane", "Dr Smith")),
        ("Dr. Jane", ("Dr Jane", "Dr Jane")),
        ("Prof. Dr. Jane Smith", ("Jane", "Prof. Smith")),
        ("Dr J. Smith", ("J. Smith", "Dr Smith")),
        ("Dr. Admin", (None, None)),
        ("Smith, John", ("John", "John")),
        ("John Smith, PHD", ("John", "John")),
        ("John Doe (Sales)", ("John", "John")),
        ("Dr.", (None, None)),
        ("R2D2", (None, None)),
        ('Guillermo "Memo" Ochoa', ("Guillermo", "Guillermo")),
        ("(Dr.) Anke Vogt", ("Anke", "Anke")),
        ("Vogt\uff0c Anke", ("Anke", "Anke")),
        ("Josep Puigdevall i Marcel\u00b7la", ("Josep", "Josep")),
        ("Admin, John", (None, None)),
        ("Smith, Test", (None, None)),
    ],
)
def test_a_name_is_made_from_its_parts(full_name: str, names: tuple[str | None, str | None]) -> None:
    assert email_facts._names(full_name) == names


def test_fields_of_their_greatest_length_are_read_in_no_time() -> None:
    started = time.process_time()
    for piece in ("<!--", "&amp;", "<", "(", '"', "Dr. ", "ignore ", "a.", "- ", ", "):
        email_facts.gather(
            full_name=(piece * 200)[:200],
            company=(piece * 200)[:200],
            job_title=(piece * 200)[:200],
            industry=(piece * 200)[:200],
            status="new",
            campaign_name=(piece * 200)[:200],
            campaign_description=(piece * 2000)[:2000],
        )
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Head of Sales", "Head of Sales"),
        ("HEAD OF SALES", "Head Of Sales"),
        ("SALES", "SALES"),
        ("HEADS!", "Heads!"),
        ("CEO", "CEO"),
        ("vp of sales", "VP of Sales"),
        ("head of it", "Head of IT"),
    ],
)
def test_a_title_is_written_as_titles_are(title: str, text: str) -> None:
    assert email_facts._title(title) == text


@pytest.mark.parametrize(
    ("industry", "text"),
    [
        (None, None),
        ("Software", "software"),
        ("IT Services", "IT services"),
        ("Car Industry", "the car industry"),
        ("The Car Industry", "the car industry"),
        ("Public Sector", "the public sector"),
        ("Industry Software", "industry software"),
    ],
)
def test_an_industry_stands_in_the_middle_of_a_sentence(industry: str | None, text: str | None) -> None:
    assert email_facts._industry(industry) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Spring", "Spring"),
        ("x" * 60, "x" * 60),
        ("x" * 61, None),
        ("a " * 9 + "b", "a " * 9 + "b"),
        ("a " * 10 + "b", None),
        ("a_b", None),
        ("2026", None),
        ("The cold ones", None),
        ("Promote shoes", None),
    ],
)
def test_a_campaigns_name_is_a_topic_if_it_is_a_short_phrase(name: str, text: str | None) -> None:
    assert email_facts._topic(name) == text


@pytest.mark.parametrize(
    ("title", "seniority"),
    [
        (None, "other"),
        ("CEO", "top"),
        ("Head of Sales", "senior"),
        ("Managing Director", "top"),
        ("Engineer", "other"),
    ],
)
def test_a_title_tells_the_seniority(title: str | None, seniority: str) -> None:
    assert email_facts._seniority(title) == seniority


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (None, None),
        ("", None),
        ("find queries", None),
        ("find slow queries", "Find slow queries."),
        ("find slow queries;", "Find slow queries."),
        ("Find slow queries!", "Find slow queries!"),
        ("Find [slow] queries now", None),
        ("x" * 401 + " a b", None),
        ("a b " + "x" * 396, "A b " + "x" * 396 + "."),
        ("a b " + "x" * 397, None),
    ],
)
def test_a_description_is_a_pitch_if_it_is_a_sentence(description: str | None, text: str | None) -> None:
    assert email_facts._pitch(description) == text


def test_of_a_long_description_the_first_sentences_are_kept() -> None:
    first, second = "A b " + "x" * 135 + ".", "C d " + "x" * 135 + "."
    assert len(first) + len(second) == 280
    assert email_facts._pitch(f"{first} {second} E f g.") == f"{first} {second}"
    assert email_facts._pitch(f"{first} x{second} E f g.") == first
    assert email_facts._pitch(f"{SENTENCE}. {'y' * 300}. {SENTENCE}.") == f"{SENTENCE}."


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("company", 8),
        ("job_title", 8),
        ("industry", 6),
        ("sender_name", 6),
        ("sender_company", 8),
    ],
)
def test_a_field_of_too_many_words_is_not_known(field: str, most: int) -> None:
    fields: dict[str, Any] = {
        "full_name": "John Doe",
        "company": None,
        "job_title": None,
        "industry": None,
        "status": "new",
        "campaign_name": "Spring",
        "campaign_description": None,
    }
    words = ["1x"] * most
    assert getattr(email_facts.gather(**{**fields, field: " ".join(words)}), field) == " ".join(words)
    assert getattr(email_facts.gather(**{**fields, field: " ".join([*words, "1x"])}), field) is None
