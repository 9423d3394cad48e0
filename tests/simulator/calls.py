"""What stands in boto3's place: clients whose calls take time, and fail as the services and the network do.

The product's own `Clients` makes them, so time-outs and numbers of attempts are those that it configures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from tests.simulator.clock import seconds
from tests.simulator.scheduler import Stopped, current

if TYPE_CHECKING:
    from tests.simulator.sandboxes import Invocation
    from tests.simulator.world import World

_READS = frozenset({"get_item", "batch_get_item", "query"})
#: How long calls take, in microseconds, at least and at most: to the service, and the same back.
TAKES = {"dynamodb": (800, 6_000), "sqs": (2_000, 12_000), "secretsmanager": (5_000, 20_000), "kms": (2_000, 9_000)}
PROVIDER_TAKES = (15_000, 120_000)
_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "RequestThrottled",
    "sesv2": "TooManyRequestsException",
    "sns": "Throttled",
    "secretsmanager": "ThrottlingException",
    "kms": "ThrottlingException",
}
_ERROR = {"sqs": "InternalError", "sesv2": "InternalServiceErrorException", "sns": "InternalError"}
_REFUSED = {"sesv2": "MessageRejected", "sns": "InvalidParameter"}
#: What boto3 tries again in its standard mode.
_AGAIN = frozenset({*_THROTTLED.values(), "InternalServerError", "InternalError", "InternalServiceErrorException"})


def error(code: str, status: int, operation: str, message: str | None = None, **members: Any) -> ClientError:
    """Return what boto3 makes of a service's refusal."""
    answer = {
        "Error": {"Code": code, "Message": message or f"simulated {code}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **members,
    }
    return ClientError(answer, operation)


class Sdk:
    """Stands for the module `boto3` in `nereid.aws.sdk`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def client(self, service: str, *, config: Config) -> Client:
        """Return a client, as boto3 does."""
        return Client(self._world, service, config)


class Client:
    """One service, as a function sees it."""

    def __init__(self, world: World, service: str, config: Config) -> None:
        self._world = world
        self._service = service
        self._attempts = int(config.retries["total_max_attempts"])
        self._patience = seconds(config.read_timeout)
        self._reach = seconds(config.connect_timeout)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        apply = self._world.backend(self._service, operation)

        def call(**parameters: Any) -> Any:
            invocation: Invocation | None = current()
            if invocation is None:  # the world is being made or looked at
                return apply(parameters, None)
            return self._call(invocation, operation, parameters, apply)

        call.__name__ = operation
        self.__dict__[operation] = call
        return call

    def _call(self, invocation: Invocation, operation: str, parameters: dict[str, Any], apply: Any) -> Any:
        applied: list[Any] = []
        for left in reversed(range(self._attempts)):
            try:
                return self._attempt(invocation, operation, parameters, apply, applied)
            except (ReadTimeoutError, ConnectTimeoutError):
                if not left:
                    raise
            except ClientError as refusal:
                if not left or refusal.response["Error"]["Code"] not in _AGAIN:
                    raise
            # A transaction carries a token that makes a repetition of it say yes and do nothing.
            if applied and operation == "transact_write_items":
                return applied[0]
            invocation.task.sleep(seconds(0.05))
        raise AssertionError

    def _attempt(
        self, invocation: Invocation, operation: str, parameters: dict[str, Any], apply: Any, applied: list[Any]
    ) -> Any:
        if invocation.ended:
            raise Stopped
        world, task, service = self._world, invocation.task, self._service
        invocation.calls += 1
        place = f"{invocation.label}/{invocation.calls}"
        menu = _menu(service, operation, parameters)
        fault = invocation.call_fault = world.faults.draw(place, menu)
        if menu == "provider" and invocation.hand_over is not None:
            invocation.hand_over.has_begun = True
        low, high = world.takes(service)
        way = world.chance.between(f"{place}~", low, high)
        if fault is not None:
            invocation.faults.append(f"{fault} {operation}")
            world.note(invocation.label, f"! {fault} at {operation} (fault {world.faults.happened[-1].id})")
            self._before(invocation, fault, operation, place)
        task.sleep(way)
        answer = apply(parameters, fault) if fault in ("partial", "stale") else apply(parameters, None)
        applied.append(answer)
        world.applied(invocation, service, operation, parameters)
        if fault is not None:
            self._after(invocation, fault, operation, place)
        task.sleep(way)
        return answer

    def _before(self, invocation: Invocation, fault: str, operation: str, place: str) -> None:
        task, service = invocation.task, self._service
        match fault:
            case "throttled":
                task.sleep(seconds(0.01))
                status = 429 if service == "sesv2" else 400
                raise error(_THROTTLED[service], status, operation)
            case "refused":
                task.sleep(seconds(0.05))
                raise error(_REFUSED[service], 400, operation)
            case "error":
                task.sleep(seconds(0.3))
                raise error(_ERROR.get(service, "InternalServerError"), 500, operation)
            case "conflict":
                task.sleep(seconds(0.01))
                count = 2
                reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(count - 1))]
                raise error("TransactionCanceledException", 400, operation, CancellationReasons=reasons)
            case "timeout":
                task.sleep(self._patience)
                raise ReadTimeoutError(endpoint_url=service)
            case "no_connection":
                task.sleep(self._reach)
                raise ConnectTimeoutError(endpoint_url=service)
            case "slow":
                task.sleep(self._world.chance.between(f"{place}+", seconds(1), self._patience - seconds(0.1)))
        self._stop(invocation, fault, "before", place)

    def _after(self, invocation: Invocation, fault: str, operation: str, place: str) -> None:
        task = invocation.task
        match fault:
            case "lost_answer":
                task.sleep(self._patience)
                raise ReadTimeoutError(endpoint_url=self._service)
            case "error_after":
                task.sleep(seconds(0.3))
                raise error(_ERROR.get(self._service, "InternalServerError"), 500, operation)
        self._stop(invocation, fault, "after", place)

    def _stop(self, invocation: Invocation, fault: str, when: str, place: str) -> None:
        what, _, side = fault.partition("_")
        if side != when:
            return
        match what:
            case "die":
                raise Stopped
            case "stall" if not invocation.frozen:  # until Lambda stops it
                invocation.task.sleep(invocation.deadline - self._world.time.now + seconds(1))
            case "freeze":
                invocation.frozen = True
                if invocation.hand_over is not None and invocation.hand_over.has_begun:
                    invocation.hand_over.was_on_its_way = True
                longest = 2 * 6 * invocation.function.timeout
                invocation.task.sleep(self._world.chance.between(f"{place}*", seconds(20), longest))


def _menu(service: str, operation: str, parameters: dict[str, Any]) -> str:
    match service:
        case "dynamodb":
            if operation not in _READS:
                return "dynamodb:transaction" if operation == "transact_write_items" else "dynamodb:write"
            return "dynamodb:read" if _is_consistent(parameters) else "dynamodb:stale"
        case "sqs":
            menus = {"send_message": "sqs:send", "send_message_batch": "sqs:batch"}
            return menus.get(operation, "sqs:visibility")
        case "sesv2" | "sns":
            return "provider"
    return "secret"


def _is_consistent(parameters: dict[str, Any]) -> bool:
    requests = parameters.get("RequestItems")
    return (
        all(each.get("ConsistentRead") for each in requests.values())
        if requests
        else bool(parameters.get("ConsistentRead"))
    )
