"""Ids in paths as HTTP APIs of AWS decode them: one that is escaped twice is its own object's, and no other's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.http.gateway import as_aws_decodes
from tests.contract.manage_client import Manage
from tests.contract.neptune_client import DELETED, NOT_FOUND, Neptune, segment
from tests.contract.test_user_ids import RESTS, check
from tests.support import in_process_stack


@pytest.fixture(scope="module")
def neptune() -> Iterator[Neptune]:
    """Return the demo's team behind a gateway that decodes paths as AWS does."""
    with in_process_stack.running(as_aws_decodes) as stack:
        yield Neptune(stack, stack.demo["api_token"])


@pytest.mark.parametrize("rest", ["?b", "?", "%", "%2F", "%3Fb", "#b", "/b", " b", "+b", "&b=c", "ü"])
def test_an_id_that_is_escaped_twice_reaches_its_user_alone(neptune: Neptune, rest: str) -> None:
    neighbour = neptune.user()
    user = neighbour + rest
    neptune.user(user)
    path = f"/{{env}}/users/{segment(segment(user))}"
    assert neptune.ok("PUT", path, {"meta": {"a": 1}})["user_id"] == user
    assert neptune.call("DELETE", path) == DELETED
    assert neptune.call("GET", path) == NOT_FOUND
    assert neptune.ok("GET", f"/{{env}}/users/{neighbour}")["meta"] == {}


@pytest.mark.parametrize("rest", RESTS.values(), ids=RESTS)
def test_an_id_that_is_escaped_twice_is_exported_and_erased_alone(neptune: Neptune, rest: str) -> None:
    manage = Manage(neptune.stack, neptune.stack.demo["api_token"]).in_environment()
    check(manage, f"ann{rest}", "ann", segment(segment(f"ann{rest}")))
