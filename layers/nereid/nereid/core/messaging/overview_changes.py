"""What happens in an hour after the overview may have counted it for good."""

from datetime import datetime

from nereid.models.overview import HOUR, NOTED, hour_of
from nereid.models.team import Scope
from nereid.ports.messaging import HourStore


def note_change(hours: HourStore, scope: Scope, received_at: datetime, now: datetime, *, back: int = 0) -> None:
    """Have an hour counted anew in which something has changed, if it may have been counted for good.

    It is noted after the change, so that whoever counts before that is told.

    Parameters
    ----------
    received_at
        When the message arrived that it is about.
    back
        How many hours before may be meant as well.
    """
    for number in range(back + 1):
        hour = hour_of(received_at) - number * HOUR
        if hour + HOUR + NOTED <= now:
            hours.changed(scope, hour, now)
