"""Data is kept: encrypted, restorable, and left behind by a stack that goes."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.infrastructure import stack

TABLES = {name: one["Properties"] for name, one in stack.of_type("AWS::DynamoDB::Table").items()}
KEPT = [*TABLES, "SigningSecret", "TokenSecret", "EmailAccountKey", "UserTokenKey", "EmailIdentity"]


def test_a_table_costs_nothing_when_idle() -> None:
    assert [name for name, one in TABLES.items() if one["BillingMode"] != "PAY_PER_REQUEST"] == []


def test_a_table_has_dynamodbs_own_key_and_can_be_restored_to_any_second() -> None:
    restored = {name: one.get("PointInTimeRecoverySpecification") for name, one in TABLES.items()}
    assert [name for name, one in TABLES.items() if "SSESpecification" in one] == []
    always = {"PointInTimeRecoveryEnabled": True}
    # Of limits there is nothing to restore: they are over in hours.
    assert restored == {
        **dict.fromkeys(TABLES, always),
        "ActivityTable": {"PointInTimeRecoveryEnabled": {"Fn::If": ["BacksUpActivity", True, False]}},
        "LimitsTable": None,
    }
    assert stack.translated()["Parameters"]["ActivityBackup"]["Default"] == "true"


def test_a_table_drops_items_by_their_expiry() -> None:
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    assert [name for name, one in TABLES.items() if one["TimeToLiveSpecification"] != expiry] == []


def test_a_table_has_a_name_that_its_successor_does_not_clash_with() -> None:
    assert [name for name, one in TABLES.items() if "TableName" in one] == []


def test_a_table_is_protected_as_the_parameter_says() -> None:
    protected = {"Fn::If": ["ProtectsTables", True, False]}
    assert [name for name, one in TABLES.items() if one["DeletionProtectionEnabled"] != protected] == []


def test_a_first_deployment_that_fails_can_be_rolled_back() -> None:
    assert stack.translated()["Parameters"]["DeletionProtection"]["Default"] == "false"
    assert [one for one in stages().values() if "DeletionProtection" in str(one["global"])] == []


def test_a_stack_tells_whether_its_tables_are_protected() -> None:
    assert stack.translated()["Outputs"]["DeletionProtection"]["Value"] == {"Ref": "DeletionProtection"}


def stages() -> dict[str, Any]:
    """Return the stages of samconfig.toml, without its version."""
    settings = tomllib.loads((stack.ROOT / "samconfig.toml").read_text())
    return {name: stage for name, stage in settings.items() if isinstance(stage, dict)}


def test_what_cannot_be_made_again_outlives_the_stack() -> None:
    declared = {name: stack.translated()["Resources"][name] for name in KEPT}
    assert [name for name, one in declared.items() if one["DeletionPolicy"] != "RetainExceptOnCreate"] == []
    assert [name for name, one in declared.items() if one["UpdateReplacePolicy"] != "Retain"] == []
