"""How answers are described: the frame of their models, and what a status of an operation says.

No function imports these models: its answer would be built twice, once as it is and once as a model, and the models
would be made at every cold start. Instead, each answer that a test of the product gets is held against
docs/openapi.json, which is made of them (`tests/support/described_answers.py`, docs/adr/0048-described-answers.md).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

#: Names of headers that answers carry, with what they say and the type of their values.
HEADERS: dict[str, tuple[str, str]] = {
    "Retry-After": ("In how many seconds it is worth trying again.", "integer"),
    "ETag": ("Names this version of the document.", "string"),
    "Cache-Control": ("For how long the document may be kept.", "string"),
    "X-RateLimit-Limit": ("How many requests of this kind an hour allows.", "integer"),
    "X-RateLimit-Remaining": ("How many of them remain.", "integer"),
    "X-RateLimit-Reset": ("When the hour ends, in seconds since 1970.", "integer"),
}


class Answer(BaseModel):
    """An answer, or a part of one. A member is always there unless its default is `absent()`."""

    model_config = ConfigDict(protected_namespaces=())


def absent() -> Any:
    """Return the default of a member that is left out where there is nothing to say."""
    return Field(default=None)


class Reply(NamedTuple):
    """What a status says.

    Parameters
    ----------
    text : str
        When it is given.
    models : tuple of type, optional
        What the body is one of, as JSON; none for an answer without a body.
    text_type : str
        Type of a body that is text; empty if there is no such body.
    headers : tuple of str
        Those that are always there.
    may_have : tuple of str
        Those that can be there.
    """

    text: str
    models: tuple[type[Answer], ...] = ()
    text_type: str = ""
    headers: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()


class Success(NamedTuple):
    """The answer of an operation that did what it was asked.

    Parameters
    ----------
    status : int
        Its status.
    reply : Reply
        What it says.
    """

    status: int
    reply: Reply


class GatewayError(Answer):
    """An error of API Gateway itself, before or instead of the API's function."""

    message: str


RETRY = ("Retry-After",)
TOO_LARGE = "The body is too large"
TOO_MANY = "Too many requests"
FAILED = "Something went wrong that is nobody's fault but the API's"
UNAVAILABLE = "Nothing was done; try again"
