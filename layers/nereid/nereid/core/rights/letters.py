"""What dead letters hold of users that are erased: it is taken out of them, and letters of nothing else are deleted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nereid.core.messaging.feedback_reports import read
from nereid.core.messaging.record_feedback import suppress_erased
from nereid.models.erasure import Erasure, address_given, address_of
from nereid.models.letter import Contents
from nereid.models.report import EmailReport
from nereid.models.team import Scope
from nereid.models.user import profile_id
from nereid.ports.messaging import SuppressionStore


@dataclass(frozen=True)
class LetterSifter:
    """Sifts the letters of a team.

    Parameters
    ----------
    addresses_of
        Returns the addresses of a user that is there, which are not only the erased user's.
    country_of
        Returns the country of an environment's phone numbers that name none.
    """

    erasures: Sequence[Erasure]
    addresses_of: Callable[[Scope, str | None], frozenset[str]]
    suppressions: SuppressionStore
    country_of: Callable[[Scope], str | None]

    def left_of(self, contents: Contents, sent_at: datetime) -> Any:
        """Return what is left of a letter's body; the body itself if nothing goes, None if nothing is left.

        Parameters
        ----------
        sent_at
            When the letter was sent first, for what does not say when it was accepted.
        """
        concerned = [each for each in self.erasures if each.environment == contents.environment]
        if not concerned:
            return contents.body
        match contents.kind:
            case "delivery":
                return self._delivery(concerned, contents.body)
            case "events" | "operations" | "replay":
                return self._batch(concerned, contents.body, sent_at)
            case "feedback":
                return self._feedback(concerned, contents.body, sent_at)
        return contents.body

    def _delivery(self, erasures: Sequence[Erasure], job: Mapping[str, Any]) -> Any:
        at, recipient = _moment(job.get("planned_at")), _object(job.get("recipient"))
        erasures = _later_than(erasures, at)
        message, user = _object(job.get("message")), _object(job.get("user"))
        user_id = _text(message.get("user_id")) or _text(user.get("user_id"))
        if any(user_id in each.user_ids for each in erasures):
            return None
        if self._is_among(recipient, self._theirs(erasures, user_id), erasures):
            return None
        left = self._message(erasures, message)
        if left is None:
            return None
        return job if left is message else {**job, "message": left}

    def _batch(self, erasures: Sequence[Erasure], batch: Mapping[str, Any], sent_at: datetime) -> Any:
        changed = False
        left = dict(batch)
        for name, sift in (("messages", self._message), ("operations", self._operation)):
            given = batch.get(name)
            if not isinstance(given, list):
                continue
            kept = []
            for each in given:
                rest = (
                    sift(_later_than(erasures, _accepted_at(each, sent_at)), each) if isinstance(each, dict) else each
                )
                changed = changed or rest is not each
                if rest is not None:
                    kept.append(rest)
            left[name] = kept
        if not changed:
            return batch
        return left if any(left.get(name) for name in ("messages", "operations", "replays")) else None

    def _operation(self, erasures: Sequence[Erasure], operation: dict[str, Any]) -> Any:
        who = _object(operation.get("who")) or operation
        external_id = _text(who.get("external_id"))
        named = [external_id, profile_id(str(who["anonymous_id"])) if who.get("anonymous_id") else None]
        if any(each in erasure.user_ids for erasure in erasures for each in named if each):
            return None
        traits = _object(operation.get("traits"))
        theirs = self._theirs(erasures, external_id)
        given = (("email", traits.get("email")), ("mobile_number", traits.get("phone")))
        if any(self._is_among({"type": type_, "value": value}, theirs, erasures) for type_, value in given):
            return None
        return operation

    def _message(self, erasures: Sequence[Erasure], message: dict[str, Any]) -> Any:
        user_id = _text(message.get("user_id"))
        if any(user_id in each.user_ids for each in erasures if user_id is not None):
            return None
        theirs = self._theirs(erasures, user_id)
        test = _object(message.get("test"))
        named = [{"type": "email", "value": _object(message.get("outreach")).get("to")}]
        named += [{"type": test.get("type"), "value": test.get("to")}]
        if any(self._is_among(each, theirs, erasures) for each in named):
            return None
        entries = message.get("contact_infos")
        if not isinstance(entries, list):
            return message
        kept = [each for each in entries if not (isinstance(each, dict) and self._is_among(each, theirs, erasures))]
        if len(kept) == len(entries):
            return message
        return {**message, "contact_infos": kept} if kept or user_id is not None else None

    def _feedback(self, erasures: Sequence[Erasure], report: Mapping[str, Any], sent_at: datetime) -> Any:
        erasures = _later_than(erasures, sent_at)
        theirs = self._theirs(erasures, None)
        found = [each for each in read(report, sent_at) if isinstance(each, EmailReport) and each.recipient]
        if not found or any(address_of("email", each.recipient or "") not in theirs for each in found):
            return report
        # What it says of the address holds on, and nothing else of it does.
        for each in found:
            suppress_erased(self.suppressions, each)
        return None

    def _theirs(self, erasures: Sequence[Erasure], user_id: str | None) -> frozenset[str]:
        """Return the erased addresses, without those that the user has whom it is to."""
        erased = frozenset[str]().union(*(each.addresses for each in erasures))
        if user_id is None or not erased:
            return erased
        return erased - self.addresses_of(erasures[0].scope, user_id)

    def _is_among(self, entry: Mapping[str, Any], theirs: frozenset[str], erasures: Sequence[Erasure]) -> bool:
        """Tell whether an address, as somebody gave it, is one of some."""
        if not entry.get("value") or not theirs:
            return False
        return address_given(entry, self.country_of(erasures[0].scope)) in theirs


def _later_than(erasures: Sequence[Erasure], at: datetime | None) -> list[Erasure]:
    """Return the erasures that concern what was accepted at a moment; all of them for one that nobody knows."""
    return [each for each in erasures if at is None or at <= each.requested_at]


def _accepted_at(each: dict[str, Any], sent_at: datetime) -> datetime:
    given: Iterator[Any] = iter((each.get("received_at"), _object(each.get("message")).get("received_at")))
    return next(filter(None, map(_moment, (*given, each.get("asked_at")))), sent_at)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is not None else None
    return None
