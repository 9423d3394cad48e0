"""Process an event whose user is named by a client's ids."""

from collections.abc import MutableMapping

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.identify_user import identify_user
from nereid.core.messaging.announce_user import announce_if_new
from nereid.core.messaging.process_message import Processor
from nereid.errors import NotFound
from nereid.models.message import TrackEvent
from nereid.models.operation import Ids
from nereid.models.team import Environment
from nereid.models.user import User, profile_id

#: Users as they were read for a record of the message queue, by the ids that named them.
Known = MutableMapping[Ids, User]


def track_event(
    identities: Identities, processor: Processor, environment: Environment, event: TrackEvent, known: Known
) -> None:
    """Find or create the user, set the event's traits, and process the message. Safe to repeat.

    Parameters
    ----------
    known
        The users of the events before it in its record, which are not read again: a client sends its user's events
        together. Its own user is added; none is left in it after something changed one.

    Raises
    ------
    Unavailable, TryAgain
        As :meth:`Processor.process` and :func:`identify_user`.
    """
    if event.traits is not None:
        known.clear()
        country = environment.default_country
        identify_user(
            identities, environment.scope, event.who, event.traits, event.unvouched, event.id, country=country
        )

    ids = event.who.ids()
    # A repeated request names the profile still that became this user since.
    profile = profile_id(ids.anonymous_id) if ids.anonymous_id and not ids.external_id else None

    def attempt() -> None:
        user = known.get(ids)
        if user is None:
            if ids.anonymous_id and ids.external_id:
                known.clear()  # this may make the anonymous id's profile another user
            found = identities.find_or_create(environment.scope, event.who, event.id)
            announce_if_new(processor, environment, event, found)
            user = processor.user(environment.scope, found.user_id)
            known[ids] = user
        message = event.message.model_copy(update={"user_id": user.user_id})
        processor.process(environment, message, user=user, user_before=profile)

    # The profile may become another user, or be deleted, just then.
    until_uncontested("user", attempt, again=(NotFound,))
