"""Where a stack is that the operator names by its stage: one on AWS, or the local one that runs in this folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
LOCAL = "local"
#: What the local stack tells of its functions, and where it says what a resource is called.
_STATE = Path(os.environ.get("NEREID_STATE_DIR") or ROOT / ".nereid") / "functions.json"
_TOLD = {
    "AccountsTable": ("ManageCreateTeam", "ACCOUNTS_TABLE"),
    "TokenSecret": ("ManageCreateTeam", "TOKEN_SECRET_ARN"),
    "SigningSecret": ("PublicUnsubscribe", "LINK_SECRET_ARN"),
}


def physical(stage: str, logical_id: str, stack: str | None = None) -> str:
    """Return the name or ARN of a resource of a stack, and point boto3 to where it is.

    Parameters
    ----------
    stage
        The stage of a deployed stack, or "local".
    stack
        The stack's name where it is not ``nereid-<stage>``.
    """
    if stage == LOCAL:
        return _of_local(logical_id)
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=stack or f"nereid-{stage}", LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _of_local(logical_id: str) -> str:
    function, variable = _TOLD[logical_id]
    try:
        told = json.loads(_STATE.read_text(encoding="utf-8"))[function]
    except FileNotFoundError:
        sys.exit("No local stack runs here: make run")
    os.environ.update(
        AWS_ENDPOINT_URL=told["AWS_ENDPOINT_URL"],
        AWS_DEFAULT_REGION=told["AWS_REGION"],
        AWS_ACCESS_KEY_ID="operator",
        AWS_SECRET_ACCESS_KEY="operator",  # noqa: S106 - the emulator takes any
    )
    return str(told[variable])
