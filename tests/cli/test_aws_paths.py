"""Ids in paths reach their own object also where API Gateway decodes them twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.http.gateway import as_aws_decodes
from tests.cli.conftest import Terminal
from tests.contract.manage_client import Manage
from tests.support import in_process_stack
from tests.support.in_process_stack import InProcessStack


@pytest.fixture(scope="module")
def stack() -> Iterator[InProcessStack]:
    """Return the product behind a gateway that decodes as AWS does."""
    with in_process_stack.running(as_aws_decodes) as made:
        yield made


NAMES = ["Really?", "50% off", "a/b", "a%2Fb", "ü ö", "#1"]


def test_event_types_of_any_name_are_written_read_and_deleted(terminal: Terminal, manage: Manage) -> None:
    for name in NAMES:
        file = name.replace("%", "%25").replace("?", "%3F")
        terminal.file(f"types/{file}.json", {"notifications": []})
    assert terminal.run("apply", "types").code == 0
    [page] = manage.pages("/{env}/event_types", 100)
    assert sorted(each["event_type"] for each in page) == sorted(NAMES)
    terminal.file("other/kept.json", {"notifications": []})
    assert terminal.run("apply", "other", "--prune", "--yes").code == 0
    [page] = manage.pages("/{env}/event_types", 100)
    assert [each["event_type"] for each in page] == ["kept"]


def test_users_of_any_id_are_exported_and_erased(terminal: Terminal, manage: Manage) -> None:
    for name in NAMES:
        made = manage.stack.request(
            "POST", f"/neptune/{manage.environment}/users", {"user_id": name}, token=manage.token
        )
        assert made.status == 200
        done = terminal.run("export-user", name)
        assert done.code == 0, done.err
        assert [each["user_id"] for each in done.json()["users"]] == [name]
        assert terminal.run("erase-user", name, "--yes").code == 0
        assert terminal.run("export-user", name).code == 1
