"""Dead letters: list them, put them back on their queues, or end the deliveries that they carry.

Dead-letter queues belong to the stack, so the teams share them: a team's calls concern only letters that carry its
id. Letters of no team are the operator's, whose calls name no team.

SQS can show a queue's records only by receiving them. A received one is hidden for a while from all others and
given back afterwards, so a look is bounded in number and time, and says whether it saw everything.

However many letters a team has, they stand before no other's: only the caller's count for the number, and of another
team's many only some are given back at once. The others stay hidden for some seconds more, so that the next call comes
to what is behind them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from nereid import jsontext
from nereid.core.messaging.forget import forget_if_final
from nereid.core.messaging.letter_contents import contents_of
from nereid.errors import NotFound, Unavailable
from nereid.models.letter import Contents, Letter
from nereid.models.overview import DeadLetterCount
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeadLetter, DeadLetterQueue, DeliveryStore, FailureNotes, MessageStore

#: The queues that have one, by their names here.
QUEUES = ("message", "email", "sms", "push", "feedback")
#: The reason of a delivery whose job, or message, was purged.
PURGED = "purged"
#: The reason of a record whose consumer could not note one.
_NOT_FINISHED = "the function did not finish: it ran out of time or memory, or could not start"
#: Most that one answer shows, in bytes of bodies: a Lambda's answer ends at 6 MB.
_MAX_SHOWN_BYTES = 4_000_000
#: How many letters SQS gives at a time.
_BATCH = 10
#: How many letters of each other team, and of all of them, a look gives back at once.
_GIVEN_BACK, _ALL_GIVEN_BACK = 100, 500


class Shown(NamedTuple):
    """Letters, oldest first, and whether there may be others."""

    letters: list[Letter]
    more: bool


class Done(NamedTuple):
    """How many letters were dealt with, how many that were seen are still there, whether there may be others."""

    done: int
    remaining: int
    more: bool


@dataclass(frozen=True)
class DeadLetters:
    """Deals with dead letters.

    Parameters
    ----------
    queues
        The dead-letter queues by the names of the queues that they belong to.
    seconds
        How long a call may take letters.
    most
        How many letters of the caller's a call looks at.
    """

    queues: Mapping[str, DeadLetterQueue]
    clock: Clock
    seconds: float = 5
    most: int = 500

    def show(self, notes: FailureNotes, team_id: str | None, queue: str | None, limit: int) -> Shown:
        """Return letters.

        Parameters
        ----------
        notes
            Why they failed.
        team_id
            The team; None for all letters, also those of no team.
        queue
            Of which queue; None for all.
        """
        found: list[tuple[str, DeadLetter, Contents]] = []
        size = 0
        with self._look(team_id, queue) as look:
            for name, letters in look.batches():
                for letter, contents in letters:
                    found.append((name, letter, contents))
                    size += len(letter.body.encode())
                if len(found) > limit or size > _MAX_SHOWN_BYTES:
                    break
        shown = found[: _fitting(found, limit)]
        reasons = notes.reasons([letter.id for _, letter, _ in shown])
        made = [_shown(name, letter, contents, reasons.get(letter.id)) for name, letter, contents in shown]
        return Shown(sorted(made, key=lambda letter: letter.sent_at), look.more or len(shown) < len(found))

    def count(self, scope: Scope) -> DeadLetterCount:
        """Return how many letters of an environment there are; where nobody has any, no queue is looked into."""
        if not any(sum(queue.waiting()) for queue in self.queues.values()):
            return DeadLetterCount(0, more=False)
        count = 0
        with self._look(scope.team_id, None) as look:
            for _, letters in look.batches():
                count += sum(contents.environment == scope.environment for _, contents in letters)
        return DeadLetterCount(count, look.more)

    def redrive(self, team_id: str | None, queue: str | None, letter_id: str | None) -> Done:
        """Put letters back on their queues, to be handled anew.

        A letter is put there before it is deleted here: a failure in between leaves it in both places, and handling
        anything twice does no harm.

        Parameters
        ----------
        letter_id
            Which one; None for all.

        Raises
        ------
        NotFound
            If there is no such letter.
        """

        def put_back(dead: DeadLetterQueue, letters: Sequence[DeadLetter]) -> tuple[set[str], set[str]]:
            taken = dead.resend(letters)
            return taken, dead.delete([letter for letter in letters if letter.id in taken])

        return self._act(team_id, queue, letter_id, put_back)

    def purge(
        self,
        messages: MessageStore,
        deliveries: DeliveryStore,
        team_id: str | None,
        queue: str | None,
        letter_id: str | None,
    ) -> Done:
        """Delete letters, and record that their deliveries failed, so that the sweeper does not queue them again.

        The other parameters and the exceptions are as in :meth:`redrive`.

        Parameters
        ----------
        messages, deliveries
            Where it is recorded.
        """
        ends = self.clock.now() + timedelta(seconds=self.seconds)

        def end(dead: DeadLetterQueue, letters: Sequence[DeadLetter]) -> tuple[set[str], set[str]]:
            # The deliveries first: once the letter is gone, its content is not known any more.
            ended = [letter for letter in letters if self._end(messages, deliveries, contents_of(letter.body), ends)]
            deleted = dead.delete(ended)
            return deleted, deleted

        return self._act(team_id, queue, letter_id, end)

    def sift(self, notes: FailureNotes, team_id: str, left_of: "LeftOf") -> bool:
        """Take out of a team's letters what is not to be kept; tell whether all letters were seen.

        What is left of one becomes a letter that is put there before the former is deleted: it is kept anew for as long
        as letters are.

        Parameters
        ----------
        notes
            Why they failed, which is noted of the new ones.
        """
        if not any(sum(queue.waiting()) for queue in self.queues.values()):
            return True
        is_done = True
        with self._look(team_id, None) as look:
            for name, letters in look.batches():
                gone = []
                for letter, contents in letters:
                    left = left_of(contents, letter.sent_at)
                    if left is contents.body:
                        continue
                    if left is not None:
                        self._put_anew(notes, name, letter, left)
                    gone.append(letter)
                deleted = self.queues[name].delete(gone) if gone else set()
                look.forget(name, deleted)
                is_done = is_done and len(deleted) == len(gone)
        return is_done and not look.more

    def _put_anew(self, notes: FailureNotes, queue: str, letter: DeadLetter, left: Any) -> None:
        letter_id = self.queues[queue].put(jsontext.dumps(left))
        reason = notes.reasons([letter.id]).get(letter.id)
        if reason is not None:
            notes.note(letter_id, reason, self.clock.now())

    def _act(self, team_id: str | None, queue: str | None, letter_id: str | None, act: "_Act") -> Done:
        done = remaining = 0
        with self._look(team_id, queue) as look:
            for name, letters in look.batches():
                wanted = [letter for letter, _ in letters if letter_id in (None, letter.id)]
                if not wanted:
                    continue
                handled, gone = act(self.queues[name], wanted)
                look.forget(name, gone)
                done += len(handled)
                remaining += len(wanted) - len(gone)
                if letter_id is not None:
                    return Done(done, remaining, more=False)
        if letter_id is not None and not look.more:
            raise NotFound("dead letter")
        return Done(done, remaining, look.more)

    def _end(self, messages: MessageStore, deliveries: DeliveryStore, contents: Contents, ends: datetime) -> bool:
        """Record the open deliveries that a letter carries as failed; False if there was no time for all."""
        if contents.team_id is None or contents.environment is None:
            return True
        scope = Scope(contents.team_id, contents.environment)
        for key in contents.message_keys:
            if self.clock.now() > ends:
                return False
            stored = messages.get(scope, key)
            if stored is None:
                continue
            plan = stored.plan
            planned = [
                each
                for each in plan.deliveries(scope, key)
                if each.recipient and (not contents.delivery_ids or each.id in contents.delivery_ids)
            ]
            final = deliveries.final(scope, [each.id for each in planned])
            for each in planned:
                if each.id not in final:
                    deliveries.close(scope, each, plan.planned_at, PURGED, self.clock.now())
            if plan.forget:
                forget_if_final(messages, deliveries, scope, key, self.clock.now(), swept=True)
        return True

    def _look(self, team_id: str | None, queue: str | None) -> "_Look":
        queues = self.queues if queue is None else {queue: self.queues[queue]}
        return _Look(queues, self.clock, timedelta(seconds=self.seconds), self.most, team_id)


class LeftOf(Protocol):
    """Returns what is left of a letter's body: the body itself if nothing goes, None if nothing is left."""

    def __call__(self, contents: Contents, sent_at: datetime, /) -> Any:
        """Sift a letter that was sent first at a moment."""
        ...


class _Act(Protocol):
    """An action on letters; returns those that it was done with, and those that are gone."""

    def __call__(self, dead: DeadLetterQueue, letters: Sequence[DeadLetter], /) -> tuple[set[str], set[str]]: ...


@dataclass
class _Look:
    """A look of a team into queues. What was taken and is still there at its end is given back."""

    queues: Mapping[str, DeadLetterQueue]
    clock: Clock
    time: timedelta
    most: int
    team_id: str | None
    more: bool = False
    _held: dict[str, dict[str, DeadLetter]] = field(default_factory=dict)
    _others: Counter[str | None] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, letters in self._held.items():
            with suppress(Unavailable):  # they come back by themselves
                self.queues[name].give_back(list(letters.values()))

    def batches(self) -> Iterator[tuple[str, list[tuple[DeadLetter, Contents]]]]:
        """Take letters, a few at a time, until all were seen or a limit is reached; yield the team's."""
        ends, looked_at = self.clock.now() + self.time, 0
        # Hidden a little longer than the look takes, so that none is seen twice.
        hidden_for = int(self.time.total_seconds()) + 15
        for name, queue in self.queues.items():
            there, hidden = queue.waiting()
            self.more = self.more or hidden > 0
            seen = 0
            while True:
                if looked_at >= self.most or self.clock.now() >= ends:
                    self.more = True
                    return
                letters = queue.take(_BATCH, hidden_for, wait=seen < there)
                if not letters:
                    break
                seen += len(letters)
                own = self._hold(name, letters)
                looked_at += len(own)
                yield name, own
            # Somebody else took the others meanwhile, and may give them back.
            self.more = self.more or seen < there

    def _hold(self, name: str, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Contents]]:
        """Note letters that are to be given back; return the team's, with their contents."""
        held, own = self._held.setdefault(name, {}), []
        for letter in letters:
            contents = contents_of(letter.body)
            if self.team_id in (None, contents.team_id):
                own.append((letter, contents))
            elif self._others[contents.team_id] < _GIVEN_BACK and self._others.total() < _ALL_GIVEN_BACK:
                self._others[contents.team_id] += 1
            else:
                continue
            held[letter.id] = letter
        return own

    def forget(self, name: str, ids: set[str]) -> None:
        """Note letters as gone."""
        for letter_id in ids:
            self._held[name].pop(letter_id, None)


def _fitting(found: Sequence[tuple[str, DeadLetter, Contents]], limit: int) -> int:
    """Return how many of the letters one answer can hold; one at least."""
    size = 0
    for index, (_, letter, _) in enumerate(found[:limit]):
        size += len(letter.body.encode())
        if size > _MAX_SHOWN_BYTES and index:
            return index
    return min(len(found), limit)


def _shown(name: str, letter: DeadLetter, contents: Contents, reason: str | None) -> Letter:
    return Letter(
        id=letter.id,
        queue=name,
        reason=reason or letter.error or _NOT_FINISHED,
        sent_at=letter.sent_at,
        first_received_at=letter.first_received_at,
        receive_count=letter.receive_count,
        contents=contents,
    )
