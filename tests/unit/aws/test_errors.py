"""Which errors of AWS may pass, and which tell that a condition does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from nereid.aws.errors import ConditionFailed, Contended, code, failed_conditions, status, translated
from nereid.errors import Unavailable


def client_error(code: str = "ValidationException", http_status: int = 400, reasons: Any = ()) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": http_status}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "PutItem")


def raised(error: Exception) -> Exception:
    with pytest.raises(Exception) as found, translated():  # noqa: PT011 - whatever it became
        raise error
    return found.value


def test_an_answer_that_says_nothing_has_no_code_and_no_status() -> None:
    error = ClientError({}, "PutItem")
    assert (code(error), status(error)) == ("Unknown", 0)
    assert (code(client_error()), status(client_error())) == ("ValidationException", 400)


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("429", 429),
        client_error("Whatever", 500),
        client_error("Whatever", 503),
        client_error("TransactionCanceledException", 400, ["None", "ThrottlingError"]),
    ],
)
def test_what_may_pass_is_unavailable_with_its_code(error: ClientError) -> None:
    found = raised(error)
    assert type(found) is Unavailable
    assert str(found) == code(error)


def test_a_service_that_cannot_be_reached_is_unavailable() -> None:
    found = raised(EndpointConnectionError(endpoint_url="https://example.com"))
    assert type(found) is Unavailable
    assert str(found) == "EndpointConnectionError"


@pytest.mark.parametrize(
    "error",
    [
        client_error("TransactionConflictException"),
        client_error("TransactionCanceledException", 400, ["ConditionalCheckFailed", "TransactionConflict"]),
    ],
)
def test_a_write_that_gave_way_is_contended(error: ClientError) -> None:
    assert type(raised(error)) is Contended


@pytest.mark.parametrize(
    "error",
    [
        client_error(),
        client_error("Whatever", 499),
        client_error("TransactionCanceledException", 400, ["ValidationError"]),
        ValueError("a bug"),
    ],
)
def test_a_bug_stays_what_it_is(error: Exception) -> None:
    assert raised(error) is error


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (client_error("ConditionalCheckFailedException"), [0]),
        (client_error("TransactionCanceledException", 400, ["None", "ConditionalCheckFailed"]), [1]),
        (client_error("TransactionCanceledException", 400, ["ConditionalCheckFailed"] * 2), [0, 1]),
        (client_error("TransactionCanceledException", 400, ["ConditionalCheckFailed", "ThrottlingError"]), []),
        (client_error(), []),
    ],
)
def test_the_conditions_that_do_not_hold_are_told_if_nothing_else_is_the_matter(
    error: ClientError, failed: list[int]
) -> None:
    assert failed_conditions(error) == failed


def test_a_condition_says_which_it_is_and_what_was_there() -> None:
    error = ConditionFailed([1, 3])
    assert (str(error), error.which, error.old) == ("conditions [1, 3]", (1, 3), {})
    single = ConditionFailed(old={"used": 1})
    assert (single.which, single.old) == ((0,), {"used": 1})


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
            raise client_error("TransactionCanceledException", 400, reasons)
