"""Previews: what notifications would be with data at hand."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nereid.models.delivery import Recipient
from nereid.models.event_type import Channel


class Sample(NamedTuple):
    """The data that notifications are tried with."""

    data: Mapping[str, Any]
    #: A stored user, or whoever has the id once somebody makes a user of it.
    user_id: str | None = None
    #: The user as templates see it, in the place of a stored one.
    user: Mapping[str, Any] | None = None
    contact: Recipient | None = None


class Preview(NamedTuple):
    """A notification as it would be."""

    notification: str
    channel: Channel
    #: The template's members; none if it cannot be filled in.
    rendered: Mapping[str, Any]
    missing_variables: Sequence[str]
    #: Whether its condition holds.
    when: bool
    #: What in its template could not work with the data.
    template_notes: Sequence[str] = ()
    #: Why the condition cannot be evaluated, or the template not be filled in.
    reason: str | None = None
