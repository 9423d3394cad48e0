"""Lists of messages read what a page holds, and no more."""

from __future__ import annotations

import pytest

from nereid.ports.messaging import MessageFilter
from tests.support.cloud import Cloud, World

IN_MEMORY = True


@pytest.mark.parametrize(
    ("selected", "limit"),
    [
        (MessageFilter(), 6),
        (MessageFilter(user_id="u"), 6),
        (MessageFilter(event_type="x"), 6),
        # What is filtered after the read: a page of what is read may hold nothing that is looked for.
        (MessageFilter(user_id="u", event_type="x"), None),
    ],
)
def test_a_page_is_read_in_one_call_of_each_partition(
    cloud: Cloud, world: World, selected: MessageFilter, limit: int | None
) -> None:
    world.ingest("x", user_id="u")
    cloud.pump("message")
    cloud.requests.clear()
    found, position = world.runtime.messages.page(world.scope, selected, None, 5)
    assert (len(found), position) == (1, None)
    assert {query.get("Limit") for query in cloud.sent("dynamodb:Query")} == {limit}
