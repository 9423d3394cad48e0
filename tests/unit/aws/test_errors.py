"""Which of DynamoDB's errors may pass, and which are bugs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from nereid.aws.errors import translated
from nereid.errors import Unavailable


def cancelled(*reasons: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize(
    "reason",
    [
        "ItemCollectionSizeLimitExceeded",
        "ProvisionedThroughputExceeded",
        "ReplicatedWriteConflict",
        "ReplicatedWriteConflictException",
        "ThrottlingError",
        "TransactionConflict",
    ],
)
@pytest.mark.parametrize("beside", ["None", "ConditionalCheckFailed"])
def test_a_transaction_that_may_pass_when_it_is_sent_again_is_unavailable(reason: str, beside: str) -> None:
    for reasons in ((beside, reason), (reason, beside)):
        with pytest.raises(Unavailable), translated():
            raise cancelled(*reasons)


@pytest.mark.parametrize("reasons", [("None", "ValidationError"), ("ConditionalCheckFailed", "None")])
def test_any_other_stays_what_it_is(reasons: tuple[str, ...]) -> None:
    with pytest.raises(ClientError), translated():
        raise cancelled(*reasons)
