"""The event bus: takes events to the targets of the template's rules.

It is the local stack's own, since emulators do not run the functions that a rule may point at.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.models import EventPattern

from local_stack.settings import ACCOUNT_ID
from local_stack.template.deployment import RuleSpec, TargetSpec
from local_stack.terminal import warn

_PLACEHOLDER = re.compile(r'"?<([^<>]+)>"?')


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Tell whether an event fits a pattern, of a rule or of an event source mapping's filter."""
    return bool(EventPattern(None, dict(pattern)).matches_event(event))


class EventBus:
    """Routes events and ticks.

    Parameters
    ----------
    rules : iterable of RuleSpec
        Of the template.
    region : str
        The pretended region.
    send : callable
        Puts text on the queue with an ARN.
    invoke : callable
        Runs the function with an ARN, without waiting for it.
    """

    def __init__(
        self,
        rules: Iterable[RuleSpec],
        region: str,
        send: Callable[[str, str], None],
        invoke: Callable[[str, Any], None],
    ) -> None:
        self._rules = list(rules)
        self._region = region
        self._send = send
        self._invoke = invoke

    def put(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take what was put on a bus with PutEvents.

        Parameters
        ----------
        entries : iterable of dict
            The entries of the call.
        """
        for entry in entries:
            try:
                detail = json.loads(entry.get("Detail") or "{}")
            except ValueError:
                continue
            bus = str(entry.get("EventBusName") or "default").rsplit("/", 1)[-1]
            self.publish(
                str(entry.get("Source")), str(entry.get("DetailType")), detail, entry.get("Resources") or [], bus
            )

    def publish(
        self, source: str, kind: str, detail: Mapping[str, Any], resources: Iterable[str] = (), bus: str = "default"
    ) -> int:
        """Route one event.

        Parameters
        ----------
        source, kind : str
            As aws.ses and Email Bounced.
        detail : dict
            What happened.
        resources : iterable of str
            ARNs concerned.
        bus : str
            Name of the bus.

        Returns
        -------
        int
            How many rules took it.
        """
        event = self._event(source, kind, detail, list(resources))
        taken = [rule for rule in self._rules if rule.bus == bus and _takes(rule, event)]
        for rule in taken:
            for target in rule.targets:
                self._deliver(rule, target, event)
        return len(taken)

    def tick(self, rule: RuleSpec) -> None:
        """Trigger the targets of a schedule.

        Parameters
        ----------
        rule : RuleSpec
            The schedule that is due.
        """
        event = self._event("aws.events", "Scheduled Event", {}, [rule.arn])
        for target in rule.targets:
            self._deliver(rule, target, event)

    def _event(self, source: str, kind: str, detail: Mapping[str, Any], resources: list[str]) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": ACCOUNT_ID,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": resources,
            "detail": detail,
        }

    def _deliver(self, rule: RuleSpec, target: TargetSpec, event: Mapping[str, Any]) -> None:
        payload = _input(target, event)
        if ":sqs:" in target.arn:
            self._send(target.arn, payload if isinstance(payload, str) else json.dumps(payload))
        elif ":lambda:" in target.arn:
            self._invoke(target.arn, payload)
        else:
            warn(f"{rule.logical_id}: the local stack cannot send events to {target.arn}")


def _takes(rule: RuleSpec, event: Mapping[str, Any]) -> bool:
    return rule.pattern is not None and matches(rule.pattern, event)


def _input(target: TargetSpec, event: Mapping[str, Any]) -> Any:
    if target.input is not None:
        try:
            return json.loads(target.input)
        except ValueError:
            return target.input
    if target.input_path is not None:
        return _at(event, target.input_path)
    if target.transformer is not None:
        return _transform(target.transformer, event)
    return event


def _at(event: Any, path: str) -> Any:
    value = event
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _transform(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    values = {name: _at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    text = _PLACEHOLDER.sub(lambda match: json.dumps(values.get(match.group(1))), transformer["InputTemplate"])
    try:
        return json.loads(text)
    except ValueError:
        return text
