"""What the simulator knows of a run by itself, without asking the product."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from nereid.models.team import Scope

if TYPE_CHECKING:
    from tests.simulator.http import Answer
    from tests.simulator.providers import Accepted
    from tests.simulator.sandboxes import Invocation
    from tests.simulator.sqs import QueuedMessage

#: Faults of a provider's call that fall between its yes and our knowing of it.
_AFTER_THE_YES = frozenset({"lost_answer", "die_after", "stall_after", "freeze_after"})
_REFUSED = range(400, 500)
_FAILED_FOR_NOW = frozenset({500, 502, 503, 504})


@dataclass(eq=False)
class HandOver:
    """What a run of a function does for one delivery."""

    invocation: Invocation
    #: Partition key of the delivery.
    delivery: str
    claimed_at: int
    #: When it last asked whether an address is suppressed, by the partition key of what would say so.
    suppressions_read: dict[str, int] = field(default_factory=dict)
    accepted: Accepted | None = None
    #: What had gone wrong with its function before the provider's yes.
    faults_before: int = 0
    recorded_at: int | None = None
    faults_at_record: int = 0
    #: Whether it has called the provider, for whatever it needs there.
    has_begun: bool = False
    #: Whether its function stood still after that, so that what it sent arrived long after.
    was_on_its_way: bool = False
    #: Whether it is what a repetition was found to be explained by.
    explains: bool = False

    def crashed_in_the_window(self) -> bool:
        """Tell whether something went wrong between the provider's yes and our record."""
        until = len(self.invocation.faults) if self.recorded_at is None else self.faults_at_record
        return until > self.faults_before


@dataclass(eq=False)
class Sent:
    """An event that a client sent: its number stands in what it leads to."""

    number: str
    team_id: str
    environment: str
    #: None if the API makes it.
    message_id: str | None
    user: str | None = None
    #: Whether a client was told that it is taken.
    taken: bool = False
    #: What restricts it, or makes it special.
    rule: str | None = None
    order_id: str | None = None
    total: int = 0


class Trait(NamedTuple):
    """Something that a client said about a user, and was told that it is taken."""

    scope: Scope
    anonymous_id: str | None
    external_id: str | None
    key: str
    label: str


class MarkAll(NamedTuple):
    """That all notifications of a user be marked as read."""

    scope: Scope
    user: str
    asked_at: int
    answered_at: int
    done: bool


class Opened(NamedTuple):
    """What a token was answered that may be revoked."""

    token: tuple[str, str]
    asked_at: int
    status: int
    label: str


class Report(NamedTuple):
    """A report of the e-mail service that was handled."""

    delivery_id: str
    kind: str


#: A delivery's job.
_JOB = re.compile(r'\{"team_id":"([^"]*)".*?"delivery_id":"([^"]*)"')


@dataclass(eq=False)
class Journal:
    """The log of a run."""

    sent: dict[str, Sent] = field(default_factory=dict)
    hand_overs: list[HandOver] = field(default_factory=list)
    #: Invocations that wrote a delivery, by its partition key.
    touchers: dict[str, list[Invocation]] = field(default_factory=dict)
    #: Team and address in small letters to when, and why, it was suppressed for sure.
    suppressed: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)
    #: Team, environment and message id to the reasons for which an event does not count.
    discarded: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    poison: set[str] = field(default_factory=set)
    #: Names that messages had which nobody can handle.
    poisoned: set[str] = field(default_factory=set)
    #: Team and delivery to how often the first of its jobs that was done had been handed over.
    receives: dict[tuple[str, str], int] = field(default_factory=dict)
    #: Messages that went to a dead-letter queue, though nothing went wrong whenever they were handed over.
    set_aside: list[str] = field(default_factory=list)
    #: Messages that a function reported as failed, though nothing went wrong and it did not say how long they wait.
    given_back: list[QueuedMessage] = field(default_factory=list)
    traits: list[Trait] = field(default_factory=list)
    #: App notification to whether somebody was told that it is marked as read.
    marked: dict[str, bool] = field(default_factory=dict)
    marked_all: list[MarkAll] = field(default_factory=list)
    #: What the e-mail service reported, and the function says it has handled.
    reports: set[Report] = field(default_factory=set)
    #: Deliveries whose recipients ask to be unsubscribed, and of those, who were told that they are.
    unsubscribing: set[str] = field(default_factory=set)
    unsubscribed: set[str] = field(default_factory=set)
    #: Tokens that somebody wants revoked, and when somebody was told that they are.
    revoking: set[tuple[str, str]] = field(default_factory=set)
    revoked: dict[tuple[str, str], int] = field(default_factory=dict)
    opened: list[Opened] = field(default_factory=list)
    #: Deliveries to how often somebody wanted them sent again.
    forced: dict[str, int] = field(default_factory=dict)
    #: What nothing that was injected explains.
    crashes: list[tuple[Invocation, Exception]] = field(default_factory=list)
    errors: list[tuple[Invocation | None, dict[str, Any]]] = field(default_factory=list)
    bad_answers: list[tuple[str, Invocation, int]] = field(default_factory=list)
    refusals: list[tuple[str, Invocation, int, str]] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    requests: int = 0
    #: Deliveries that were sent again because nobody knew of the first time, as they were found by the checks.
    repeated: int = 0

    def touched(self, invocation: Invocation, kind: str, place: tuple[str, str, str], now: int) -> None:
        """Note that a run reads or writes an item."""
        _, pk, sk = place
        if sk == "delivery" and kind == "write":
            self._delivery_written(invocation, pk, now)
        elif sk == "suppression" and kind == "read" and invocation.hand_over is not None:
            invocation.hand_over.suppressions_read[pk] = now

    def _delivery_written(self, invocation: Invocation, pk: str, now: int) -> None:
        known = self.touchers.setdefault(pk, [])
        if invocation not in known:
            known.append(invocation)
        hand_over: HandOver | None = invocation.hand_over
        if hand_over is not None and hand_over.delivery == pk and hand_over.accepted is not None:
            if hand_over.recorded_at is None:
                hand_over.recorded_at = now
                hand_over.faults_at_record = len(invocation.faults)
            return
        # What counts a delivery for a limit writes its record as well, after the addresses were asked about.
        is_same = hand_over is not None and hand_over.delivery == pk and hand_over.accepted is None
        asked = hand_over.suppressions_read if hand_over is not None and is_same else {}
        invocation.hand_over = HandOver(invocation, pk, now, asked)

    def accepted(self, accepted: Accepted) -> None:
        """Note that a provider said yes."""
        invocation = accepted.invocation
        hand_over: HandOver | None = invocation.hand_over
        if hand_over is None or hand_over.accepted is not None:  # without a claim of its own
            pk = hand_over.delivery if hand_over is not None else "none"
            hand_over = HandOver(invocation, pk, accepted.at)
            invocation.hand_over = hand_over
        hand_over.accepted = accepted
        hand_over.faults_before = len(invocation.faults) - (invocation.call_fault in _AFTER_THE_YES)
        self.hand_overs.append(hand_over)

    def answered(self, route: str, invocation: Invocation, answer: Answer | None) -> None:
        """Note an endpoint's answer."""
        self.requests += 1
        if (answer is not None and answer.status in _FAILED_FOR_NOW and not invocation.faults) or (
            answer is not None and answer.status == 500
        ):
            self.bad_answers.append((route, invocation, answer.status))
        elif answer is not None and answer.status in _REFUSED and not _may_refuse(route, answer):
            self.refusals.append((route, invocation, answer.status, answer.body[:200]))

    def handled(self, queue: str, message: QueuedMessage, now: int) -> None:
        """Note that a message of a queue was dealt with."""
        if queue != "FeedbackQueue" or message.body in self.poison:
            return
        report = json.loads(message.body).get("detail")
        if report is None:  # a push that failed
            return
        kind = report["eventType"]
        which = report["bounce"]["bounceType"] if kind == "Bounce" else kind
        self.reports.add(Report(report["mail"]["tags"]["delivery_id"][0], which))
        if kind == "Complaint" or (kind == "Bounce" and report["bounce"]["bounceType"] == "Permanent"):
            [to] = report["mail"]["destination"]
            self.suppress(report["mail"]["tags"]["team_id"][0], to, now, kind.lower())

    def done(self, message: QueuedMessage) -> None:
        """Note that a message is off its queue."""
        names = _JOB.match(message.body)
        if names is not None:
            self.receives.setdefault((names[1], names[2]), message.receives)

    def suppress(self, team_id: str, address: str, now: int, reason: str) -> None:
        """Note that from now on an address is suppressed for sure."""
        self.suppressed.setdefault((team_id, address.lower()), []).append((now, reason))


def _may_refuse(route: str, answer: Answer) -> bool:
    """Tell whether a refusal is one that the workload provokes."""
    if route.endswith("contacts_info"):
        return answer.status in (404, 422)
    if route == "GET /manage/{environment}/messages/{message_id+}":  # of another environment, or not stored yet
        return answer.status == 404
    if route == "POST /neptune/app_notifications/{environment}/read":  # shown before it was recorded; see actions
        return answer.status == 404
    if route == "DELETE /manage/api_tokens/{id}":  # revoked before
        return answer.status == 404
    if route == "POST /neptune/events/ingest":  # a revoked token
        return answer.status == 401
    if route == "POST /api/email/send":  # the lead is suppressed, its HTML no whole, or the hour's limit is reached
        return answer.status == 429 or (
            answer.status == 400 and ("lead_id" in answer.body or "never closed" in answer.body)
        )
    return False
