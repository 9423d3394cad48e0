"""DynamoDB with the template's tables, and what of its calls the checks want to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from tests.infrastructure import stack
from tests.simulator.clock import seconds

if TYPE_CHECKING:
    from tests.simulator.sandboxes import Invocation
    from tests.simulator.world import World

#: For how long a read that need not be consistent may miss what was written.
_STALE = seconds(2)


class Database:
    """The tables."""

    def __init__(self, world: World) -> None:
        self._world = world
        tables = stack.of_type("AWS::DynamoDB::Table")
        self.client = MemoryDynamoDB({name: table["Properties"] for name, table in tables.items()})
        #: When items were last written, by table and key.
        self._written: dict[tuple[str, str, str], int] = {}

    def operation(self, name: str) -> Callable[[dict[str, Any], str | None], Any]:
        """Return what does an operation: it takes the parameters, and a fault that it has to take part in."""
        method = getattr(self.client, name)

        def apply(parameters: dict[str, Any], fault: str | None) -> Any:
            if name == "transact_write_items":
                parameters = {key: value for key, value in parameters.items() if key != "ClientRequestToken"}
            answer = method(**parameters)
            return self._stale(parameters, answer) if fault == "stale" and "Items" in answer else answer

        return apply

    def _stale(self, parameters: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Return a query's answer without what was written just now."""
        since, table = self._world.time.now - _STALE, parameters["TableName"]
        # An item that is read without its key cannot be told from others, and is never missed.
        items = [
            item
            for item in answer["Items"]
            if "sk" not in item or "pk" not in item or self._written.get(_place(table, item), since - 1) < since
        ]
        return {**answer, "Items": items, "Count": len(items)}

    def note(self, invocation: Invocation, operation: str, parameters: Mapping[str, Any]) -> None:
        """Note a call that did what it says."""
        world = self._world
        now = world.time.now
        for kind, table, key in touched(operation, parameters):
            place = _place(table, key)
            if kind == "write":
                self._written[place] = now
            world.journal.touched(invocation, kind, place, now)
            world.note(invocation.label, f"{operation} {table} {place[1]} {place[2]}")

    def has(self, table: str, pk: str, sk: str) -> bool:
        """Tell whether there is an item."""
        return "Item" in self.client.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table, as the service has them."""
        return list(self.client.items(table))


def _place(table: str, key: Mapping[str, Any]) -> tuple[str, str, str]:
    return table, key["pk"]["S"], key["sk"]["S"]


def touched(operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return what a call reads and writes by key."""
    match operation:
        case "get_item":
            return [("read", parameters["TableName"], parameters["Key"])]
        case "put_item":
            return [("write", parameters["TableName"], parameters["Item"])]
        case "update_item" | "delete_item":
            return [("write", parameters["TableName"], parameters["Key"])]
        case "batch_get_item":
            return [("read", table, key) for table, one in parameters["RequestItems"].items() for key in one["Keys"]]
        case "transact_write_items":
            found = []
            for each in parameters["TransactItems"]:
                [(kind, request)] = each.items()
                if kind != "ConditionCheck":
                    found.append(("write", request["TableName"], request.get("Item") or request["Key"]))
            return found
        case "batch_write_item":
            return [
                (
                    "write",
                    table,
                    request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"],
                )
                for table, requests in parameters["RequestItems"].items()
                for request in requests
            ]
    return []
