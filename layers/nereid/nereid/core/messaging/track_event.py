"""Process an event whose user is named by a client's ids."""

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.identify_user import identify_user
from nereid.core.messaging.announce_user import announce_if_new
from nereid.core.messaging.process_message import Processor
from nereid.errors import NotFound
from nereid.models.message import TrackEvent
from nereid.models.team import Environment
from nereid.models.user import profile_id


def track_event(identities: Identities, processor: Processor, environment: Environment, event: TrackEvent) -> None:
    """Find or create the user, set the event's traits, and process the message. Safe to repeat.

    Raises
    ------
    Unavailable, TryAgain
        As :meth:`Processor.process` and :func:`identify_user`.
    """
    if event.traits is not None:
        country = environment.default_country
        identify_user(
            identities, environment.scope, event.who, event.traits, event.unvouched, event.id, country=country
        )

    ids = event.who.ids()
    # A repeated request names the profile still that became this user since.
    profile = profile_id(ids.anonymous_id) if ids.anonymous_id and not ids.external_id else None

    def attempt() -> None:
        user = identities.find_or_create(environment.scope, event.who, event.id)
        announce_if_new(processor, environment, event, user)
        message = event.message.model_copy(update={"user_id": user.user_id})
        processor.process(environment, message, user_exists=True, user_before=profile, operation=event)

    # The profile may become another user, or be deleted, just then.
    until_uncontested("user", attempt, again=(NotFound,))
