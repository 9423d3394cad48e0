"""How far a look into dead-letter queues goes, what it holds and gives back, and what it says it did not see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging import dead_letters
from nereid.core.messaging.dead_letters import DeadLetters, Done
from nereid.core.messaging.letter_contents import contents_of
from nereid.errors import NotFound, Unavailable
from nereid.ports.messaging import DeadLetter

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
NOBODY = json.dumps({"delivery_id": "d"})


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Queue:
    """A dead-letter queue that gives some letters at a time."""

    def __init__(self, clock: Clock, name: str, *bodies: str, hidden: int = 0, takes: float = 0) -> None:
        self.clock, self.hidden, self.takes = clock, hidden, takes
        self.letters = [
            DeadLetter(f"{name}{number}", "handle", body, NOW - timedelta(hours=number), NOW, 3)
            for number, body in enumerate(bodies)
        ]
        self.there = len(self.letters)
        self.left = list(self.letters)
        self.asked: list[tuple[int, int, bool]] = []
        self.given_back: list[str] = []
        self.kept: set[str] = set()

    def waiting(self) -> tuple[int, int]:
        return self.there, self.hidden

    def take(self, most: int, seconds: int, *, wait: bool) -> list[DeadLetter]:
        self.asked.append((most, seconds, wait))
        self.clock.time += timedelta(seconds=self.takes)
        taken, self.left = self.left[:most], self.left[most:]
        return taken

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        self.given_back += [letter.id for letter in letters]

    def resend(self, letters: Sequence[DeadLetter]) -> set[str]:
        return {letter.id for letter in letters}

    def put(self, body: str) -> str:
        raise AssertionError(body)

    def delete(self, letters: Sequence[DeadLetter]) -> set[str]:
        return {letter.id for letter in letters} - self.kept


class Notes:
    """Knows why one letter failed."""

    def reasons(self, letter_ids: Sequence[str]) -> dict[str, str]:
        return {each: "a note" for each in letter_ids if each == "a1"}


class Slow:
    """Has no message, and takes its time to say so."""

    def __init__(self, clock: Clock, takes: float) -> None:
        self.clock, self.takes = clock, takes

    def get(self, *_: object) -> None:
        self.clock.time += timedelta(seconds=self.takes)


def look(clock: Clock, most: int = 500, seconds: float = 5, **queues: Any) -> Any:
    return DeadLetters(queues, clock, seconds, most)


def shown(letters: Any, limit: int = 100) -> tuple[list[str], bool]:
    found = letters.show(Notes(), None, None, limit)
    return [letter.id for letter in found.letters], found.more


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_letters_are_shown_the_oldest_first_with_what_is_known_of_their_failure(clock: Clock) -> None:
    queue = Queue(clock, "a", NOBODY, NOBODY, NOBODY)
    queue.left[2] = queue.left[2]._replace(error="never arrived")
    letters = look(clock, a=queue).show(Notes(), None, None, 100).letters
    assert [(each.id, each.reason[:13]) for each in letters] == [
        ("a2", "never arrived"),
        ("a1", "a note"),
        ("a0", "the function "),
    ]
    assert queue.given_back == ["a0", "a1", "a2"]


def test_a_queue_is_asked_for_ten_until_it_has_no_more_and_waits_for_those_that_should_be_there(clock: Clock) -> None:
    queue = Queue(clock, "a", *[NOBODY] * 12)
    assert shown(look(clock, seconds=4, a=queue))[1] is False
    assert queue.asked == [(10, 19, True), (10, 19, True), (10, 19, False)]


def test_a_look_ends_with_the_letter_that_is_one_too_many(clock: Clock) -> None:
    queues = {name: Queue(clock, name, *[NOBODY] * 10) for name in "ab"}
    assert shown(DeadLetters(queues, clock), 9) == ([f"a{number}" for number in range(8, -1, -1)], True)
    assert (len(queues["a"].asked), queues["b"].asked) == (1, [])
    queues = {name: Queue(clock, name, *[NOBODY] * 10) for name in "ab"}
    assert len(shown(DeadLetters(queues, clock), 10)[0]) == 10
    assert len(queues["b"].asked) == 1


def test_a_look_ends_after_so_many_letters(clock: Clock) -> None:
    queue = Queue(clock, "a", *[NOBODY] * 20)
    ids, more = shown(look(clock, most=11, a=queue))
    assert (len(ids), len(queue.asked), more) == (20, 2, True)
    queue = Queue(clock, "a", *[NOBODY] * 20)
    ids, more = shown(look(clock, most=10, a=queue))
    assert (len(ids), len(queue.asked), more) == (10, 1, True)


def test_a_look_ends_after_so_many_seconds(clock: Clock) -> None:
    queue = Queue(clock, "a", *[NOBODY] * 30, takes=2.5)
    ids, more = shown(look(clock, seconds=5, a=queue))
    assert (len(ids), more) == (20, True)


def test_a_look_says_if_there_are_letters_that_it_could_not_take(clock: Clock) -> None:
    assert shown(look(clock, a=Queue(clock, "a", NOBODY, hidden=1), b=Queue(clock, "b")))[1] is True
    short = Queue(clock, "a", NOBODY)
    short.there = 2
    assert shown(look(clock, a=short, b=Queue(clock, "b")))[1] is True
    assert shown(look(clock, a=Queue(clock, "a", NOBODY), b=Queue(clock, "b")))[1] is False


def test_an_answer_is_as_large_as_it_may_be_and_no_larger(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_MAX_SHOWN_BYTES", 20 * len(NOBODY))
    queue = Queue(clock, "a", *[NOBODY] * 40)
    ids, more = shown(look(clock, a=queue))
    assert (len(ids), more, len(queue.asked)) == (20, True, 3)
    queue = Queue(clock, "a", *[NOBODY] * 20)
    ids, more = shown(look(clock, a=queue))
    assert (len(ids), more, len(queue.asked)) == (20, False, 3)


def test_a_letter_larger_than_an_answer_is_shown_alone(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_MAX_SHOWN_BYTES", len(NOBODY) - 1)
    assert shown(look(clock, a=Queue(clock, "a", NOBODY, NOBODY))) == (["a0"], True)


def test_what_cannot_be_given_back_comes_back_by_itself(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Any) -> None:
        raise Unavailable("away")

    first, second = Queue(clock, "a", NOBODY), Queue(clock, "b", NOBODY)
    monkeypatch.setattr(first, "give_back", away)
    assert shown(look(clock, a=first, b=second)) == (["a0", "b0"], False)
    assert second.given_back == ["b0"]


def test_what_is_gone_is_not_given_back_and_what_is_not_is_counted(clock: Clock) -> None:
    queues = {name: Queue(clock, name, *[NOBODY] * 2) for name in "ab"}
    queues["a"].kept = {"a1"}
    assert DeadLetters(queues, clock).redrive(None, None, None) == Done(4, 1, more=False)
    assert (queues["a"].given_back, queues["b"].given_back) == (["a1"], [])


def test_a_batch_with_nothing_of_a_team_is_passed_over(clock: Clock) -> None:
    own = json.dumps({"team_id": "t", "delivery_id": "d"})
    queue = Queue(clock, "a", *[NOBODY] * 10, own)
    assert look(clock, a=queue).redrive("t", None, None) == Done(1, 0, more=False)
    assert queue.given_back == [f"a{number}" for number in range(10)]


def test_many_letters_of_one_team_stand_before_no_other(clock: Clock) -> None:
    own = json.dumps({"team_id": "t", "delivery_id": "d"})
    flood = json.dumps({"team_id": "flood", "delivery_id": "d"})
    queue = Queue(clock, "a", *[flood] * 700, own)
    found = look(clock, a=queue).show(Notes(), "t", None, 100)
    assert [letter.id for letter in found.letters] == ["a700"]
    # The others are hidden for as long as they were taken, so that the next look begins behind them.
    assert queue.given_back == [*(f"a{number}" for number in range(100)), "a700"]


def test_a_few_letters_of_each_team_are_given_back_at_once(clock: Clock) -> None:
    bodies = [json.dumps({"team_id": f"team{number}", "delivery_id": "d"}) for number in range(6)]
    queue = Queue(clock, "a", *bodies * 90)
    assert look(clock, a=queue).redrive("t", None, None) == Done(0, 0, more=False)
    assert queue.given_back == [f"a{number}" for number in range(500)]


def test_the_operator_is_bounded_by_all_letters(clock: Clock) -> None:
    queue = Queue(clock, "a", *[NOBODY] * 40)
    ids, more = shown(look(clock, most=20, a=queue))
    assert (len(ids), more, len(queue.given_back)) == (20, True, 20)


def test_a_look_for_one_letter_ends_where_it_is(clock: Clock) -> None:
    queue = Queue(clock, "a", *[NOBODY] * 30)
    assert look(clock, a=queue).redrive(None, None, "a11") == Done(1, 0, more=False)
    assert len(queue.asked) == 2


def test_a_letter_that_is_not_there_is_not_found_if_all_were_seen(clock: Clock) -> None:
    with pytest.raises(NotFound):
        look(clock, a=Queue(clock, "a", NOBODY)).redrive(None, None, "b0")
    assert look(clock, a=Queue(clock, "a", NOBODY, hidden=1)).redrive(None, None, "b0") == Done(0, 0, more=True)


def test_a_purge_that_has_no_time_for_all_of_a_letters_messages_leaves_it(clock: Clock) -> None:
    body = json.dumps({"team_id": "t", "environment": "dev", "messages": [{"message_id": "m0"}, {"message_id": "m1"}]})
    assert contents_of(body).message_ids == ["m0", "m1"]

    for seconds, done in [(5, 1), (6, 0)]:
        clock.time = NOW
        queue = Queue(clock, "a", body)
        assert look(clock, a=queue).purge(Slow(clock, seconds), None, "t", None, None)[:2] == (done, 1 - done)
        assert queue.given_back == ([] if done else ["a0"])


@pytest.mark.parametrize("data", ['"\\ud83d"', "NaN", "-Infinity"], ids=["half a character", "no number", "infinity"])
def test_what_cannot_be_written_again_is_unreadable(data: str) -> None:
    body = f'{{"team_id": "t", "environment": "dev", "messages": [{{"message_id": "m", "data": {data}}}]}}'
    contents = contents_of(body)
    assert (contents.kind, contents.team_id, contents.body) == ("unknown", None, body)
