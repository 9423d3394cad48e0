"""Ids of deliveries."""

import pytest

from nereid.models.delivery import Plan, delivery_id
from nereid.models.team import Scope

SCOPE = Scope("team", "dev")


@pytest.mark.parametrize(
    ("message_id", "notification", "channel", "address", "expected"),
    [
        ("order-1", "mail", "email", "Sam@Example.com", "ecae0055-3c04-4d91-a6b7-ebe23c2008d2"),
        ("order-1", "inbox", "app", None, "f8499806-66ca-4a98-9122-a78a2a07e845"),
        # In no Unicode table before version 14, 15 and 16: a printable character only to later versions of Python.
        ("\U0001fae0", "mail", "email", "sam@example.com", "daf519d8-00bd-4417-81e1-462ff2ab15b9"),
        ("\U0001fae8", "mail", "email", "sam@example.com", "fb008244-5cb7-428f-8b56-e749b3915159"),
        ("\U0001fae9", "mail", "email", "sam@example.com", "360150e2-24de-49f7-b485-22c2a261c8bd"),
        ("half \ud83d of an emoji", "mail", "email", "sam@example.com", "426714f5-0fe3-4f16-807d-cf6d09002b4f"),
        (
            "a 'quote', a \"quote\" and \\",
            "Überraschung",
            "sms",
            "+4915112345678",
            "30355976-7ede-43ce-a14a-0bf540678739",
        ),
    ],
)
def test_an_id_is_the_same_in_every_version(
    message_id: str, notification: str, channel: str, address: str | None, expected: str
) -> None:
    assert delivery_id(SCOPE, message_id, notification, channel, address) == expected


def test_addresses_that_differ_in_case_alone_are_one_delivery() -> None:
    ids = {
        delivery_id(SCOPE, "order-1", "mail", "email", address) for address in ("sam@example.com", "SAM@example.com")
    }
    assert len(ids) == 1


def test_parts_that_only_join_to_the_same_text_have_ids_of_their_own() -> None:
    ids = {
        delivery_id(SCOPE, "a", "b,c", "email", None),
        delivery_id(SCOPE, "a,b", "c", "email", None),
        delivery_id(SCOPE, 'a", "b', "c", "email", None),
    }
    assert len(ids) == 3


def test_a_plan_of_an_earlier_release_says_which_conditions_failed() -> None:
    plan = Plan.model_validate({"planned_at": "2026-01-31T09:30:00Z", "failed_conditions": {"mail": "no order"}})
    assert [each.model_dump() for each in plan.all_skipped()] == [
        {"notification": "mail", "reason": "condition cannot be evaluated: no order"}
    ]
    assert plan.reason is None
