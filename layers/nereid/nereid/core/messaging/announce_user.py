"""Tell, once, that a user of the Client API came to be."""

from typing import Any

from nereid.core.messaging.process_message import Processor
from nereid.models.message import USER_CREATED, Alias, Message, Operation
from nereid.models.operation import Traits, Who, announcement_id
from nereid.models.team import Environment
from nereid.models.user import User, profile_id


def announce_if_new(processor: Processor, environment: Environment, operation: Operation, user: User | None) -> None:
    """Process the message that tells that an operation made a user, if it did. Safe to repeat.

    The user's record names the message, and who repeats the operation names the same one: it is processed even if the
    run that made the user ended there.

    Raises
    ------
    Unavailable, TryAgain
        As :meth:`Processor.process`.
    """
    if user is None or user.announcement is None or operation.id is None:
        return
    who = _who(operation)
    profile = profile_id(who.anonymous_id) if who.anonymous_id else None
    made = {announcement_id(operation.id, user_id) for user_id in (user.user_id, who.external_id, profile) if user_id}
    if user.announcement not in made:
        return
    message = Message(
        message_id=user.announcement,
        minted=True,
        client_key=operation.client_key,
        event_type=USER_CREATED,
        user_id=user.user_id,
        source="client",
        data=_as_given(operation, who),
        received_at=user.there_since,
    )
    processor.process(environment, message, user_before=profile)


def _who(operation: Operation) -> Who:
    if isinstance(operation, Alias):
        return Who(anonymous_id=operation.anonymous_id, external_id=operation.external_id)
    return operation.who


def _as_given(operation: Operation, who: Who) -> dict[str, Any]:
    """Return the ids and traits that an operation gives the user, as the body of an identify request."""
    traits: Traits | None = getattr(operation, "traits", None)
    given = traits.model_dump(mode="json", exclude_unset=True) if traits is not None else {}
    return {**who.model_dump(mode="json", exclude_unset=True), **given}
