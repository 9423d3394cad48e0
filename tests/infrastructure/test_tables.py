"""Data is kept: encrypted, restorable, and left behind by a stack that goes."""

from __future__ import annotations

import pytest

from tests.infrastructure import stack

TABLES = stack.of_type("AWS::DynamoDB::Table")
KEPT = [*TABLES, "SigningSecret", "EmailAccountKey"]

every_table = pytest.mark.parametrize("table", sorted(TABLES))


@every_table
def test_a_table_costs_nothing_when_idle(table: str) -> None:
    assert TABLES[table]["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


@every_table
def test_a_table_is_encrypted_and_can_be_restored_to_any_second(table: str) -> None:
    properties = TABLES[table]["Properties"]
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@every_table
def test_a_table_drops_items_by_their_expiry(table: str) -> None:
    assert TABLES[table]["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@every_table
def test_a_table_has_a_name_that_its_successor_does_not_clash_with(table: str) -> None:
    assert "TableName" not in TABLES[table]["Properties"]


@every_table
def test_a_table_is_protected_as_the_parameter_says(table: str) -> None:
    assert TABLES[table]["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["ProtectsTables", True, False]}


@pytest.mark.parametrize("resource", sorted(KEPT))
def test_what_cannot_be_made_again_outlives_the_stack(resource: str) -> None:
    declared = stack.translated()["Resources"][resource]
    assert declared["DeletionPolicy"] == "RetainExceptOnCreate"
    assert declared["UpdateReplacePolicy"] == "Retain"
