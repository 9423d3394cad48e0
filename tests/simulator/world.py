"""Everything that a run consists of: AWS, the functions, time and chance, and what is known of what happened."""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, cast

import nereid.aws.parallel
import nereid.aws.sdk
import nereid.logs
from local_stack.aws.sending_limits import Limits
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.infrastructure import stack
from tests.simulator.calls import PROVIDER_TAKES, TAKES, Sdk
from tests.simulator.chance import Chance
from tests.simulator.clock import SECOND, SandboxClock, Time, seconds
from tests.simulator.database import Database
from tests.simulator.faults import Faults
from tests.simulator.http import Answer, event
from tests.simulator.journal import Journal
from tests.simulator.logs import Sink
from tests.simulator.providers import Accepted, Kms, Operation, Secrets, Ses, Sns
from tests.simulator.sandboxes import Function, Invocation
from tests.simulator.scheduler import Scheduler, current
from tests.simulator.sqs import Queue, QueuedMessage, Sqs, url
from tests.simulator.trace import Trace

BASE_URL = "https://nereid.example.com"
#: Some hundreds fewer than a run of the usual length sends in its busiest day.
_DAILY_QUOTA = 3000
PUSH_APPLICATION = "arn:aws:sns:us-east-1:123456789012:app/GCM/nereid"
#: What the template's references stand for.
_REFERENCES = {
    "CredentialCacheSeconds": "60",
    "EventTypeCacheSeconds": "10",
    "RetentionDays": "90",
    "ProfileRetentionDays": "90",
    "EmailFrom": "hello@example.com",
    "Registration": "trusted",
    "MaxEnvironments": "20",
    "MaxApiTokens": "100",
    "MaxClientKeys": "100",
    "MaxEventTypes": "1000",
    "SmsEnabled": "true",
    "SmsSenderId": "",
    "SmsCountries": "",
    "SmsMaxPrice": "",
    "PushApplicationArn": PUSH_APPLICATION,
    "PushFcmArn": "",
    "PushApnsArn": "",
    "PushApnsSandboxArn": "",
    "LogLevel": "INFO",
    "ConfigurationSet": "nereid",
    "SigningSecret": "link-secret",
    "TokenSecret": "token-secret",
    "BedrockModelId": "",
    "EmailsPerSecond": "0",
    "SmsPerSecond": "20",
    "PushesPerSecond": "500",
    "DeliveryPatienceHours": "24",
}


class World:
    """One run's AWS.

    Parameters
    ----------
    seed
        Decides everything that is drawn.
    only
        The ids of the faults that happen; None to draw them.
    keep_trace
        Whether to keep every step, for a story.
    """

    def __init__(
        self, seed: int, *, only: Sequence[str] | None = None, intensity: float = 1.0, keep_trace: bool = False
    ) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.time = Time()
        self.scheduler = Scheduler(self.time)
        self.faults = Faults(self.chance, self.time, only=only, intensity=intensity)
        self.faults.active = False
        #: Whether the hostile team does harm.
        self.harm = True
        self.trace = Trace(keep=keep_trace)
        self.journal = Journal()
        self.sink = Sink(self.journal)
        self.calls = 0
        self.invocations = 0
        self._names = 0
        self._runtime: Runtime | None = None
        self.database = self.make_database()
        self.queues = {name: self.make_queue(name) for name in stack.queues()}
        self.sns = Sns(self)
        services: dict[str, Any] = {"sesv2": self.make_ses(), "sns": self.sns}
        services |= {"secretsmanager": Secrets(), "kms": Kms()}
        self._services = services
        self._sqs = Sqs(self)
        self._functions: dict[str, Function] = {}
        self._routes = {f"{method} {path}": name for (method, path), name in stack.routes().items()}
        for mapping in stack.mappings().values():
            queue = self.queues[stack.target(mapping["EventSourceArn"])]
            queue.consumed_by(self.function(stack.target(mapping["FunctionName"])), mapping)
        #: Those who want to know what a provider accepted.
        self.on_accepted: list[Callable[[Accepted], None]] = []

    # -- what it is made of

    def make_database(self) -> Database:
        """Make DynamoDB."""
        return Database(self)

    def make_queue(self, name: str) -> Queue:
        """Make a queue of SQS."""
        return Queue(self, name)

    def make_ses(self) -> Ses:
        """Make SES, which takes few mails a second, and on some accounts few a day."""
        rate = self.chance.between("ses/rate", 2, 20)
        return Ses(self, self.limits(rate, _DAILY_QUOTA if self.seed % 4 == 0 else None))

    def limits(self, rate: float, quota: int | None) -> Limits:
        """Make the limits of an account of SES."""
        return Limits(rate, quota, lambda: self.time.now / SECOND)

    def takes(self, service: str) -> tuple[int, int]:
        """Return how long each way of a call of a service takes, at least and at most, in microseconds."""
        return TAKES.get(service, PROVIDER_TAKES)

    # -- what AWS does

    def backend(self, service: str, operation: str) -> Operation:
        """Return what does an operation of a service."""
        if service == "dynamodb":
            return self.database.operation(operation)
        if service == "sqs":
            return self._sqs.operation(operation)
        return cast("Operation", getattr(self._services[service], operation))

    def function(self, name: str) -> Function:
        """Return a function by its logical id."""
        if name not in self._functions:
            given = {key: _value(value) for key, value in stack.environment(name).items()}
            self._functions[name] = Function(name, given)
        return self._functions[name]

    def invoke(self, function: Function, label: str, given: dict[str, Any], done: Callable[[Any], None]) -> Invocation:
        """Run a function."""
        self.invocations += 1
        return Invocation(self, function, label, given, done)

    def request(
        self,
        label: str,
        route: str,
        *,
        parameters: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer | None:
        """Ask the API something and wait for the answer; None if there is none. Called by a task.

        Parameters
        ----------
        route
            As the template has it: the method and the path.
        """
        task = current().task
        answers: list[Any] = []
        wake = task.wait()

        def done(answer: Any) -> None:
            answers.append(answer)
            self.scheduler.after(0, wake)

        given = event(route, parameters or {}, query or {}, headers or {}, body)
        invocation = self.invoke(self.function(self._routes[route]), label, given, done)
        task.suspend()
        answer = None if answers[0] is None else Answer.of(answers[0])
        self.journal.answered(route, invocation, answer)
        if answer is None:
            return None
        if self.faults.draw(f"{label}/answer", "http:answer") is not None:
            self.note(label, f"! the answer {answer.status} is lost")
            return None
        self.note(label, f"answers {answer.status}")
        return answer

    def start(self, label: str, body: Callable[[], None], at: int = 0) -> None:
        """Let an actor begin at a moment."""

        def begin() -> None:
            actor = Actor(label)
            actor.task = self.scheduler.start(body, actor)

        self.scheduler.at(at, begin)

    # -- what is known

    def note(self, actor: str, text: str) -> None:
        """Note a step."""
        self.trace.note(self.time.now, actor, text)

    def fresh(self, kind: str) -> str:
        """Return a name that nothing else has in this run."""
        self._names += 1
        return f"{kind}-{self._names}"

    def applied(self, invocation: Invocation, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Note a call that did what it says."""
        self.calls += 1
        if service == "dynamodb":
            self.database.note(invocation, operation, parameters)
        elif service not in ("secretsmanager", "sqs"):
            self.note(invocation.label, f"{operation} said yes")

    def accepted(self, accepted: Accepted) -> None:
        """Note what a provider said yes to."""
        self.note(accepted.invocation.label, f"{accepted.channel} to {accepted.to}: {accepted.text.splitlines()[0]}")
        self.journal.accepted(accepted)
        for listener in self.on_accepted:
            listener(accepted)

    def invocation_ended(self, invocation: Invocation) -> None:
        """Note that a run of a function is over."""
        self.note(invocation.label, "ends")

    def record_handled(self, queue: Queue, message: QueuedMessage) -> None:
        """Note that a consumer says that it has handled a message."""
        self.journal.handled(queue.name, message, self.time.now)

    def runtime(self) -> Runtime:
        """Return a runtime that sees everything and is never disturbed, to make and to look at the world."""
        if self._runtime is not None:
            return self._runtime
        runtime = self._runtime = Runtime()
        given = {key: _value(value) for name in stack.functions() for key, value in stack.environment(name).items()}
        settings = {key: given[key.upper()] for key in Settings.model_fields if key.upper() in given}
        settings["credential_cache_seconds"] = "0"
        runtime.__dict__.update(settings=Settings.model_validate(settings), clock=SandboxClock(self.time))
        return runtime

    # -- running

    def drain(self, until: Callable[[], bool] = lambda: False) -> None:
        """Go on until nothing is left to do, or until something is true."""
        self.scheduler.run(until)


class Actor:
    """Somebody outside of AWS."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.identifiers = 0
        self.task: Any = None


def _value(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    if "Fn::If" in value:  # every channel is open
        return _value(value["Fn::If"][1])
    if "Fn::Join" in value:
        return ",".join(map(_value, value["Fn::Join"][1]))
    if "Ref" in value:
        name = str(value["Ref"])
        return url(name) if name in stack.queues() else _REFERENCES.get(name, name)
    return BASE_URL


def _libraries() -> dict[str, str]:
    """Return the environment variables of the functions that are not the product's own."""
    return {
        key: _value(value)
        for name in stack.functions()
        for key, value in stack.environment(name).items()
        if key.lower() not in Settings.model_fields
    }


@contextmanager
def running(world: World) -> Iterator[None]:
    """Put a world in the place of AWS, of time and of chance; forget it afterwards."""

    def name() -> str:
        owner = current()
        if owner is None:
            return world.fresh("made")
        owner.identifiers += 1
        return f"{owner.label}%{owner.identifiers}"

    def identifier() -> uuid.UUID:
        caller = sys._getframe(1).f_globals["__name__"]
        return world.chance.uuid(name()) if caller.startswith("nereid.") else real_uuid4()

    def sleep(duration: float) -> None:
        owner = current()
        if owner is not None:
            owner.task.sleep(seconds(duration))

    def monotonic() -> float:
        return real_monotonic() if current() is None else world.time.now / seconds(1)

    real_uuid4, real_monotonic = uuid.uuid4, time.monotonic
    handler = cast("Any", nereid.logs.logger.registered_handler)
    replaced: list[tuple[Any, str, Any]] = [
        (nereid.aws.sdk, "boto3", Sdk(world)),
        # Threads of a function's own have no place in the order of things.
        (nereid.aws.parallel, "WORKERS", 1),
        (uuid, "uuid4", identifier),
        (random, "uniform", lambda low, high: low + (high - low) * world.chance.unit(name())),
        (secrets, "randbelow", lambda below: world.chance.bits(name()) % below),
        (time, "sleep", sleep),
        (time, "monotonic", monotonic),
        (sys, "stdout", cast("TextIO", world.sink)),
        (handler, "stream", cast("TextIO", world.sink)),
        # Sandboxes take turns in this one process: what each adds to its lines is its own.
        (nereid.logs.logger, "append_keys", nereid.logs.logger.thread_safe_append_keys),
        (nereid.logs.logger, "remove_keys", nereid.logs.logger.thread_safe_remove_keys),
    ]
    before = [(place, name, getattr(place, name)) for place, name, _ in replaced]
    environment = dict(os.environ)
    os.environ.update(_libraries())
    try:
        for place, attribute, value in replaced:
            setattr(place, attribute, value)
        yield
    finally:
        for place, attribute, value in before:
            setattr(place, attribute, value)
        os.environ.clear()
        os.environ.update(environment)
