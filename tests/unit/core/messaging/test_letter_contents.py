"""What can be read of a record that failed, whatever its form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nereid.core.messaging.letter_contents import contents_of
from nereid.models.letter import Contents

TAGS = {"team_id": ["t"], "environment": ["dev"], "delivery_id": ["d"]}
REPORT = {"eventType": "Bounce", "mail": {"tags": TAGS}}
WHOSE = {"team_id": "t", "environment": "dev"}
MESSAGE = {"message_id": "m", "event_type": "login"}


def read(value: Any) -> Contents:
    """Read a record with this body, and check that it is shown as it is."""
    contents = contents_of(json.dumps(value))
    assert contents.body == value
    return contents


@pytest.mark.parametrize(
    ("value", "kind", "ids"),
    [
        ({**WHOSE, "messages": [MESSAGE, {**MESSAGE, "message_id": "n"}]}, "events", (["login"], ["m", "n"], [])),
        ({**WHOSE, "messages": []}, "events", ([], [], [])),
        ({**WHOSE, "replays": [{"id": "r", "message_id": "m", "force": ["d"]}]}, "replay", ([], ["m"], [])),
        (
            {**WHOSE, "operations": [{"kind": "alias"}, {"kind": "event", "message": MESSAGE}]},
            "operations",
            (["login"], ["m"], []),
        ),
        ({**WHOSE, "delivery_id": "d", "message_id": "m", "message": MESSAGE}, "delivery", (["login"], ["m"], ["d"])),
        ({**WHOSE, "delivery_id": "d", "message_id": "m", "message": None}, "delivery", ([], ["m"], ["d"])),
        (REPORT, "feedback", ([], [], ["d"])),
        ({"detail": REPORT, "source": "aws.ses"}, "feedback", ([], [], ["d"])),
        ({"TopicArn": "arn", "Message": json.dumps(REPORT)}, "feedback", ([], [], ["d"])),
    ],
)
def test_a_record_of_ours_tells_whose_it_is_and_what_it_is_about(value: Any, kind: str, ids: Any) -> None:
    contents = read(value)
    assert (contents.kind, contents.team_id, contents.environment) == (kind, "t", "dev")
    assert (contents.event_types, contents.message_ids, contents.delivery_ids) == ids


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "text",
        [],
        [{"team_id": "t", "messages": []}],
        {},
        {"team_id": "t"},
        {"mail": []},
        {"mail": {"tags": []}},
        {"detail": None},
        {"detail": {"mail": None}},
        {"TopicArn": "arn", "Message": "Successfully validated"},
        {"Message": "[1]"},
    ],
)
def test_what_is_of_no_known_form_belongs_to_nobody(value: Any) -> None:
    assert read(value)[:6] == ("unknown", None, None, [], [], [])


@pytest.mark.parametrize("team_id", [None, 1, "", [], ["t"], {"t": 1}, True])
def test_what_names_no_team_in_a_text_belongs_to_nobody(team_id: Any) -> None:
    for value in (
        {"team_id": team_id, "environment": "dev", "messages": [MESSAGE]},
        {"team_id": team_id, "environment": "dev", "delivery_id": "d"},
        {"mail": {"tags": {**TAGS, "team_id": team_id if isinstance(team_id, list) and not team_id else [team_id]}}},
    ):
        assert read(value).team_id is None


@pytest.mark.parametrize("body", ["", "{", "poison", "[" * 100_000, '{"a":' * 100_000, "\ufffe"])
def test_what_is_no_json_is_shown_as_it_is(body: str) -> None:
    assert contents_of(body) == ("unknown", None, None, [], [], [], body)


@pytest.mark.parametrize("part", ["messages", "operations", "replays"])
@pytest.mark.parametrize("content", [[None], [1, "x", []], [{"message": 1}], [{"message_id": 5, "event_type": {}}]])
def test_parts_of_no_known_form_are_passed_over(part: str, content: Any) -> None:
    contents = read({**WHOSE, part: content})
    assert (contents.team_id, contents.event_types, contents.message_ids) == ("t", [], [])


def test_a_body_as_deep_as_one_may_be_is_read() -> None:
    deep: Any = 1
    for _ in range(120):
        deep = {"a": deep}
    assert read({**WHOSE, "messages": [{**MESSAGE, "data": deep}]}).message_ids == ["m"]
