"""The examples of docs/templates.md say what becomes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from nereid.core.templates.filters import FILTERS
from nereid.core.templates.render import check_template, render
from nereid.core.templates.rendering import Locality
from nereid.models.event_type import SmsTemplate
from tools.guards import ROOT

GUIDE = (ROOT / "docs/templates.md").read_text(encoding="utf-8")


def examples() -> Iterator[tuple[dict[str, Any], str, str]]:
    """Give each example with the data before it: what is filled in, and what becomes of it."""
    data: dict[str, Any] = {}
    for kind, text in re.findall(r"```(json|liquid)\n(.*?)```", GUIDE, re.DOTALL):
        if kind == "json":
            data = json.loads(text)
            continue
        for line in text.splitlines():
            template, _, made = line.partition("→")
            yield data, template.rstrip(), made.strip()


@pytest.mark.parametrize(("data", "template", "made"), list(examples()))
def test_an_example_becomes_what_the_guide_says(data: dict[str, Any], template: str, made: str) -> None:
    check_template("text", template)
    user = data.get("user", {})
    shown = render(SmsTemplate(text=template), data, Locality(user.get("locale"), user.get("timezone")))
    # Spaces within numbers do not break lines, and look alike.
    assert re.sub("[\u00a0\u202f]", " ", shown.members["text"]).strip() == made


def test_the_guide_has_every_filter() -> None:
    table = GUIDE[GUIDE.index("## Filters") : GUIDE.index("## What is missing")]
    assert set(re.findall(r"`(\w+)", table)) >= set(FILTERS)


def test_the_guide_has_examples() -> None:
    assert len(list(examples())) > 30
