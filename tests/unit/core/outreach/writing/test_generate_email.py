"""Which drafts of a model can be sent."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.core.outreach.writing.generate_email import checked
from nereid.errors import WriterFailed
from nereid.models.draft import Draft, Facts

GREETING = "Dear John,\n"


def facts(**known: Any) -> Facts:
    nothing: dict[str, Any] = dict.fromkeys(
        ["formal_name", "company", "job_title", "industry", "topic", "pitch", "sender_name", "sender_company"]
    )
    given = {"first_name": "John", "seniority": "other", "pitch_speaks": False, "relation": "new", **known}
    return Facts(**{**nothing, **given})


def text(length: int) -> str:
    return GREETING + "x" * (length - len(GREETING))


@pytest.mark.parametrize(("subject", "content"), [("x", text(40)), ("x" * 150, text(4000))])
def test_a_draft_has_the_length_of_a_mail(subject: str, content: str) -> None:
    assert checked(Draft(subject, content), facts()) == Draft(subject, content)


@pytest.mark.parametrize(
    ("subject", "content"), [("", text(60)), ("x" * 151, text(60)), ("x", text(39)), ("x", text(4001))]
)
def test_a_draft_of_another_length_is_none(subject: str, content: str) -> None:
    with pytest.raises(WriterFailed, match="short"):
        checked(Draft(subject, content), facts())


def test_a_draft_is_tidied() -> None:
    content = f"\n {GREETING}  \n\n\n\nA{'b' * 40}\x07\u200b  \nc \n"
    assert checked(Draft(" Hello \n  John ", content), facts()) == Draft("Hello John", f"{GREETING}\nA{'b' * 40}\nc")


@pytest.mark.parametrize("field", ["pitch", "topic", "company"])
def test_a_link_that_somebody_gave_can_be_said(field: str) -> None:
    draft = Draft("x", text(60) + " See https://shop.example/a. Or")
    assert checked(draft, facts(**{field: "Look at https://shop.example/a now"})) == draft
    with pytest.raises(WriterFailed, match="link"):
        checked(draft, facts(**{field: "Look at https://shop.example now"}))
    with pytest.raises(WriterFailed, match="link"):
        checked(draft, facts())


@pytest.mark.parametrize("known", [{"first_name": "john"}, {"formal_name": "JOHN"}, {"company": "dear"}, {}])
def test_a_draft_names_whom_it_is_for_if_that_is_known(known: dict[str, str]) -> None:
    assert checked(Draft("x", text(60)), facts(**{"first_name": None, **known}))
    with pytest.raises(WriterFailed, match="nobody"):
        checked(Draft("x", text(60)), facts(first_name="Jane", company="Acme"))
