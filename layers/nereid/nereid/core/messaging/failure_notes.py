"""Why a record of a queue was given up, noted at its last try: a dead-letter queue keeps records, but no reasons."""

from dataclasses import dataclass

from nereid.logs import unexpected
from nereid.ports.clock import Clock
from nereid.ports.messaging import FailureNotes


@dataclass(frozen=True)
class FailureNoter:
    """Notes why records failed for the last time.

    Parameters
    ----------
    tries
        How often the queue hands a record over.
    """

    notes: FailureNotes
    clock: Clock
    tries: int

    def failed(self, record_id: str, try_number: int, reason: str) -> None:
        """Note why a try failed if it was the last; never raises, for a reason is worth less than the record."""
        if try_number < self.tries:
            return
        try:
            self.notes.note(record_id, reason, self.clock.now())
        except Exception as error:  # noqa: BLE001 - the record's own failure is about to be raised
            unexpected(error, "reason not noted", record=record_id)
