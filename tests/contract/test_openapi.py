"""The description of the APIs, as the stack serves it."""

from __future__ import annotations

import json

import pytest

from tests.infrastructure import stack as repository
from tests.local_stack import Stack

IN_PROCESS = True
PATH = "/openapi.json"


@pytest.mark.over_http
def test_it_is_that_of_the_repository_with_the_url_of_the_stack(local_stack: Stack) -> None:
    answer = local_stack.request("GET", PATH)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    written = json.loads((repository.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert answer.json() == {**written, "servers": [{"url": local_stack.demo["base_url"]}]}


def test_who_has_it_is_told_that_it_has_not_changed(local_stack: Stack) -> None:
    first = local_stack.request("GET", PATH)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = local_stack.request("GET", PATH, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert local_stack.request("GET", PATH, headers={"If-None-Match": '"other"'}).status == 200
