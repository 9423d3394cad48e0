"""Data is kept: encrypted, restorable, and left behind by a stack that goes."""

from __future__ import annotations

from tests.infrastructure import stack

TABLES = {name: one["Properties"] for name, one in stack.of_type("AWS::DynamoDB::Table").items()}
KEPT = [*TABLES, "SigningSecret", "EmailAccountKey"]


def test_a_table_costs_nothing_when_idle() -> None:
    assert [name for name, one in TABLES.items() if one["BillingMode"] != "PAY_PER_REQUEST"] == []


def test_a_table_is_encrypted_and_can_be_restored_to_any_second() -> None:
    restored = {"PointInTimeRecoveryEnabled": True}
    assert [name for name, one in TABLES.items() if one["SSESpecification"] != {"SSEEnabled": True}] == []
    assert [name for name, one in TABLES.items() if one["PointInTimeRecoverySpecification"] != restored] == []


def test_a_table_drops_items_by_their_expiry() -> None:
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    assert [name for name, one in TABLES.items() if one["TimeToLiveSpecification"] != expiry] == []


def test_a_table_has_a_name_that_its_successor_does_not_clash_with() -> None:
    assert [name for name, one in TABLES.items() if "TableName" in one] == []


def test_a_table_is_protected_as_the_parameter_says() -> None:
    protected = {"Fn::If": ["ProtectsTables", True, False]}
    assert [name for name, one in TABLES.items() if one["DeletionProtectionEnabled"] != protected] == []


def test_what_cannot_be_made_again_outlives_the_stack() -> None:
    declared = {name: stack.translated()["Resources"][name] for name in KEPT}
    assert [name for name, one in declared.items() if one["DeletionPolicy"] != "RetainExceptOnCreate"] == []
    assert [name for name, one in declared.items() if one["UpdateReplacePolicy"] != "Retain"] == []
