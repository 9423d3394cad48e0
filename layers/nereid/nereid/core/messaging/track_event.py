"""Take in an event whose user is named by a client's ids."""

from nereid.core.audience.client_identities import Identities
from nereid.core.audience.identify_user import identify_user
from nereid.core.audience.users import attempts
from nereid.core.messaging.process_message import Processor
from nereid.errors import NotFound, Unavailable
from nereid.models.message import TrackEvent
from nereid.models.team import Environment


def track_event(identities: Identities, processor: Processor, environment: Environment, event: TrackEvent) -> None:
    """Find or make the user, set what the event says about it, and process the message. Safe to repeat.

    Raises
    ------
    Unavailable, TryAgain
        As :meth:`Processor.process` and :func:`identify_user`.
    """
    if event.traits is not None:
        identify_user(identities, environment.scope, event.who, event.traits)
    for _ in attempts():
        user = identities.find_or_create(environment.scope, event.who)
        message = event.message.model_copy(update={"user_id": user.user_id})
        try:
            processor.process(environment, message, user_exists=True)
        except NotFound:
            continue  # the profile became another user, or was deleted, just then
        return
    raise Unavailable("user is written by many at once")
