"""How the service refuses a call."""

from __future__ import annotations

from typing import Any, NoReturn

from botocore.exceptions import ClientError, ParamValidationError


class Refused(Exception):
    """A call that the service refuses.

    Parameters
    ----------
    code, message
        The service's own.
    members
        What the answer carries beside them: the item that a condition found, the reasons of a cancelled transaction.
    """

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.members = members

    def as_client_error(self, operation: str) -> ClientError:
        """Return what boto3 makes of the refusal."""
        answer = {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
            "message": self.message,
            **self.members,
        }
        return ClientError(answer, operation)


class Unfit(Refused):
    """A write that does not fit its table or the item it met: in a transaction, a reason to cancel it."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid(message: str) -> Refused:
    """Return the refusal of a call that breaks a rule of the service."""
    return Refused("ValidationException", message)


def wrong_value(message: str) -> Refused:
    """Return the refusal of a value."""
    return invalid(f"One or more parameter values were invalid: {message}")


def not_sent(report: str) -> NoReturn:
    """Raise what boto3 raises before it sends a call whose parameters have the wrong types."""
    raise ParamValidationError(report=report)
