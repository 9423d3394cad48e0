"""Accounts of people, as the Neptie and management APIs take and show them, and the types of their fields."""

from typing import Annotated, Any
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from nereid.clock import to_iso
from nereid.dialects.body_types import LaxBody
from nereid.models.account import Account
from nereid.models.addresses import comparable, normal, why_unreachable
from nereid.models.email_address import is_address


def _required(value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise PydanticCustomError("required", "is required")
    return value


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _composed(value: Any) -> Any:
    return normalize("NFC", value) if isinstance(value, str) else value


def _optional(value: Any) -> Any:
    return _trimmed(value) or None if isinstance(value, str) else value


def _reachable(value: str) -> str:
    if why_unreachable("email", normal("email", value)) is not None:
        raise PydanticCustomError("email", "must be a valid email address")
    return comparable("email", value)


def _address(value: str) -> str:
    if not is_address(normal("email", value)):
        raise PydanticCustomError("email", "must be a valid email address")
    return value


Required = BeforeValidator(_required)
Trimmed = BeforeValidator(_trimmed)
NoneIfBlank = BeforeValidator(_optional)
Composed = BeforeValidator(_composed)

#: A required line of text.
Line = Annotated[str, StringConstraints(max_length=200), Trimmed, Required]
#: A line of text that may be left out; null and blank are absent.
OptionalLine = Annotated[Annotated[str, StringConstraints(max_length=200)] | None, NoneIfBlank]
#: An e-mail address that can be reached, in the form in which addresses are compared.
Email = Annotated[str, AfterValidator(_reachable), Trimmed, Required]
#: An e-mail address that was entered before, as it is written now.
KnownEmail = Annotated[str, AfterValidator(_address), Trimmed, Required]
#: A secret that is taken as it is.
Secret = Annotated[str, Required]

#: How many characters a password to have has, in the form in which passwords are compared.
MIN_PASSWORD, MAX_PASSWORD = 8, 128
#: A password to have.
NewPassword = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD), Composed, Required]


class RegisterBody(LaxBody):
    """An account to create."""

    email: Email
    password: NewPassword
    full_name: Line
    company: OptionalLine = None


def account_object(account: Account) -> dict[str, Any]:
    """Return an account as both APIs show it."""
    return {
        "id": account.id,
        "email": account.email,
        "full_name": account.full_name,
        "company": account.company,
        "role": account.role,
        "created_at": to_iso(account.created_at),
    }
