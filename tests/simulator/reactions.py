"""What follows from mails that were sent: SES reports on them, and their recipients unsubscribe."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from nereid.clock import to_iso
from tests.simulator.clock import seconds
from tests.simulator.providers import Accepted
from tests.simulator.scheduler import current

if TYPE_CHECKING:
    from tests.simulator.world import World

#: SES's reports, how many of a thousand mails they come for, and how late they come at most, in seconds.
_REPORTS: dict[str, tuple[int, int]] = {
    "Delivery": (550, 30),
    "Open": (150, 600),
    "Click": (70, 900),
    "Permanent": (25, 60),
    "Transient": (25, 60),
    "Complaint": (15, 1800),
    "Reject": (10, 5),
    "DeliveryDelay": (10, 300),
    "Rendering Failure": (5, 5),
}
_AGAIN, _UNSUBSCRIBES, _PUSHES_FAIL = 0.15, 0.08, 0.1
_TRIES = 6


class Reactions:
    """Reacts to what SES accepts."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: How often a delivery was accepted, which tells its mails apart.
        self._mails: dict[str, int] = {}
        world.on_accepted.append(self.react)

    def react(self, accepted: Accepted) -> None:
        """React to a mail."""
        if accepted.channel == "push":
            self._fail_push(accepted)
        if accepted.channel != "email":
            return
        world, delivery = self._world, accepted.tags["delivery_id"]
        self._mails[delivery] = self._mails.get(delivery, 0) + 1
        name = f"mail:{delivery}.{self._mails[delivery]}"
        for kind, (share, longest) in _REPORTS.items():
            if not world.chance.happens(f"{name}/{kind}", share / 1000):
                continue
            for copy in range(1 + world.chance.happens(f"{name}/{kind}/again", _AGAIN)):
                label = f"{name}/{kind}{copy}"
                delay = world.chance.between(f"{label}/delay", 0, seconds(longest))
                # Every fifth report is there before the function has even got SES's answer.
                if world.chance.happens(f"{label}/at once", 0.2):
                    delay = 0
                world.scheduler.after(delay, self._reporting(label, accepted, kind))
        if accepted.link is not None and world.chance.happens(f"{name}/unsubscribe", _UNSUBSCRIBES):
            delay = world.chance.between(f"{name}/unsubscribe/delay", 0, seconds(120))
            world.start(f"{name}/unsubscribe", self._unsubscribing(name, accepted), world.time.now + delay)

    def _fail_push(self, accepted: Accepted) -> None:
        """Report now and then that the platform did not take a push, in SNS's envelope."""
        world, name = self._world, f"push:{accepted.invocation.label}/{accepted.invocation.calls}"
        if not world.chance.happens(f"{name}/fails", _PUSHES_FAIL):
            return
        failure = {
            "DeliveryAttempts": 1,
            "EndpointArn": accepted.to,
            "EventType": "DeliveryFailure",
            "FailureMessage": "simulated",
            "FailureType": world.chance.choice(f"{name}/type", ("InvalidPlatformToken", "InternalError")),
            "MessageId": accepted.id,
            "Service": "SNS",
            "Time": to_iso(world.time.moment()),
        }
        envelope = {
            "Type": "Notification",
            "MessageId": name,
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:push-failures",
            "Message": json.dumps(failure),
            "Timestamp": to_iso(world.time.moment()),
        }
        for copy in range(1 + world.chance.happens(f"{name}/again", _AGAIN)):
            delay = world.chance.between(f"{name}/delay{copy}", 0, seconds(20))
            queue, body = world.queues["FeedbackQueue"], json.dumps(envelope)
            world.scheduler.after(delay, partial(queue.put, f"{name}/{copy}", body))

    def _reporting(self, label: str, accepted: Accepted, kind: str) -> Callable[[], None]:
        def report() -> None:
            detail = json.dumps({"detail": self._report(accepted, kind), "id": label})
            self._world.queues["FeedbackQueue"].put(label, detail)

        return report

    def _report(self, accepted: Accepted, kind: str) -> dict[str, Any]:
        tags = {name: [value] for name, value in accepted.tags.items()}
        bounce = kind in ("Permanent", "Transient")
        mail = {"messageId": accepted.id, "destination": [accepted.to], "tags": tags}
        report: dict[str, Any] = {"eventType": "Bounce" if bounce else kind, "mail": mail}
        report["mail"]["timestamp"] = to_iso(self._world.time.moment())
        now = to_iso(self._world.time.moment())
        if bounce:
            recipients = [{"emailAddress": accepted.to, "status": "5.1.1" if kind == "Permanent" else "4.4.1"}]
            report["bounce"] = {"bounceType": kind, "bouncedRecipients": recipients, "timestamp": now}
        if kind == "Complaint":
            report["complaint"] = {"complainedRecipients": [{"emailAddress": accepted.to}], "timestamp": now}
        if kind == "Click":
            report["click"] = {"link": "https://www.example.com/"}
        return report

    def _unsubscribing(self, name: str, accepted: Accepted) -> Callable[[], None]:
        assert accepted.link is not None
        token = accepted.link.rpartition("/")[2]
        world = self._world

        def unsubscribe() -> None:
            journal, tags = world.journal, accepted.tags
            for attempt in range(_TRIES):
                journal.unsubscribing.add(tags["delivery_id"])
                answer = world.request(
                    f"{name}/u.{attempt}",
                    "POST /u/{token}",
                    parameters={"token": token},
                    body="List-Unsubscribe=One-Click",
                )
                if answer is not None and answer.status == 200:
                    journal.suppress(tags["team_id"], accepted.to, world.time.now, "unsubscribe")
                    journal.unsubscribed.add(tags["delivery_id"])
                    return
                current().task.sleep(seconds(5))

        return unsubscribe
