"""Types of body fields that several dialects share, and the walk over pydantic's errors."""

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, StringConstraints, ValidationError

from nereid.models.base import Model

#: Longest id, in characters.
MAX_IDENTIFIER = 256


def _text_of_integer(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def none_if_empty(value: Any) -> Any:
    """Turn an empty text into nothing; leave anything else for the type to check."""
    return None if value == "" else value


def _object_if_empty(value: Any) -> Any:
    return {} if value is None or (value == [] and isinstance(value, list)) else value


def whole_number(value: Any) -> Any:
    """Turn plain digits into a number, for queries carry text; leave anything else for the type to refuse."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else value


#: An id of the caller's: a string or an integer, kept as a string of 1 to 256 characters.
Identifier = Annotated[
    str, BeforeValidator(_text_of_integer), StringConstraints(min_length=1, max_length=MAX_IDENTIFIER)
]
#: The same where it may be left out; null and "" count as left out.
OptionalIdentifier = Annotated[Identifier | None, BeforeValidator(none_if_empty)]
#: A string of 1 to 256 characters.
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
#: A free-form object; null and [] (PHP's empty array) are {}.
Object = Annotated[dict[str, Any], BeforeValidator(_object_if_empty)]

Body = TypeVar("Body", bound="LaxBody")


class LaxBody(Model):
    """A body whose types are checked strictly and whose unknown fields are kept."""

    model_config = ConfigDict(strict=True, extra="allow")


def is_missing(error: Any) -> bool:
    """Tell whether a pydantic error is about a value that is not there: absent, null or empty."""
    return error["type"] == "missing" or error["input"] is None or error["input"] == ""


def first_errors(error: ValidationError) -> Iterator[tuple[str, Any]]:
    """Yield the first error of each top-level field, in the order of the fields."""
    seen = set()
    for found in error.errors(include_url=False):
        field = str(found["loc"][0]) if found["loc"] else ""
        if field not in seen:
            seen.add(field)
            yield field, found
