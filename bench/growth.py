"""How calls and capacity grow with what is stored: the same operations over ever more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.clones import NAME, Items
from bench.operations import OPERATIONS
from bench.progress import Progress
from bench.world import USER, Event, World

#: What is flat up to here is flat.
SIZES = (1_000, 10_000, 100_000)
#: Below this power nothing grows: sizes of items differ a little.
_FLAT = 0.02
#: Originals that the others are copies of: so many that every shard of an index has some.
_ORIGINALS = 24


@dataclass(frozen=True)
class Kind:
    """Something of which there may be many.

    Parameters
    ----------
    name
        What it is.
    make
        Makes one through the functions, of the name that it is given.
    operations
        What is asked then: its name, the function, and what makes an event.
    """

    name: str
    make: Callable[[World, str], None]
    operations: tuple[tuple[str, str, Callable[[World], Event]], ...]


def power(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Return as which power of the sizes values grow, from the first to the last."""
    first, last = max(values[0], 1e-9), max(values[-1], 1e-9)
    return math.log(last / first) / math.log(sizes[-1] / sizes[0])


def order(sizes: Sequence[int], *measured: Sequence[float]) -> str:
    """Say how the fastest growing of what was measured grows: flat, or as which power of the sizes."""
    most = max(power(sizes, values) for values in measured)
    return "flat" if most < _FLAT else f"n^{most:.1f}"


def _user(world: World, name: str) -> None:
    world.call("neptune/create_user", world.sample("neptune/create_user", {"user_id": name, "meta": {"name": "Sam"}}))


def _lead(world: World, name: str) -> None:
    body = {"full_name": "Jo", "email": f"{name}@example.com", "industry": "Software"}
    world.call("neptie/create_lead", world.sample("neptie/create_lead", body))


def _message(world: World, name: str) -> None:
    """Have a message sent and reported on, of an event type that has many then."""
    world.call("neptune/ingest_event", world.ingest("mail", message_id=name))
    for function in ("pipeline/process_messages", "pipeline/deliver_email"):
        world.call(function, world.waiting(function))


def _notification(world: World, name: str) -> None:
    world.call("neptune/ingest_event", world.ingest("inbox", message_id=name))
    world.call("pipeline/process_messages", world.waiting("pipeline/process_messages"))


def _suppression(world: World, name: str) -> None:
    body = {"email": f"{name}@example.com", "reason": "bounce"}
    world.call("manage/add_suppression", world.sample("manage/add_suppression", body))


def _operation(key: str) -> tuple[str, str, Callable[[World], Event]]:
    found = next(one for one in OPERATIONS if one.key == key)
    return found.name, found.function, lambda world: found.make(world, 1)[0]


def _sample(name: str, function: str, **swaps: str) -> tuple[str, str, Callable[[World], Event]]:
    return name, function, lambda world: world.sample(function, **swaps)


def _of_user(name: str, function: str) -> tuple[str, str, Callable[[World], Event]]:
    """Return a sample about the user that has many of everything."""
    swaps = {"user_id=2": f"user_id={USER}", "users/2/": f"users/{USER}/", '"user_id": "2"': f'"user_id": "{USER}"'}
    return _sample(name, function, **swaps)


def _listed(world: World, query: dict[str, str]) -> Event:
    event = world.sample("manage/list_messages")
    return {**event, "rawQueryString": urlencode(query), "queryStringParameters": query}


KINDS = (
    Kind(
        "users",
        _user,
        (
            _sample("list users", "neptune/list_users"),
            _sample("get user", "neptune/get_user"),
            _operation("accept identify 1x1"),
            _operation("process identify 1x1"),
        ),
    ),
    Kind(
        "leads",
        _lead,
        (
            _sample("list and count leads", "neptie/list_leads"),
            _sample("create lead", "neptie/create_lead", **{"john@example.com": "grow@example.com"}),
            _sample("get lead", "neptie/get_lead"),
        ),
    ),
    Kind(
        "messages",
        _message,
        (
            ("list messages", "manage/list_messages", lambda world: _listed(world, {})),
            ("list messages of a user", "manage/list_messages", lambda world: _listed(world, {"user_id": USER})),
            (
                "list messages of a type",
                "manage/list_messages",
                lambda world: _listed(world, {"event_type": "mail"}),
            ),
            (
                "list messages to an address",
                "manage/list_messages",
                lambda world: _listed(world, {"address": f"{USER}@example.com"}),
            ),
            (
                "list messages of a status",
                "manage/list_messages",
                lambda world: _listed(world, {"status": "success"}),
            ),
            _sample("get message", "manage/get_message"),
            _sample("show overview", "manage/show_overview"),
            _sample("export another user", "manage/export_user"),
            _operation("accept Neptune 1x1"),
            _operation("process e-mail 1x1"),
            _operation("deliver e-mail 1x1"),
            _operation("record feedback 1x1"),
        ),
    ),
    Kind(
        "app notifications of a user",
        _notification,
        (
            _of_user("get inbox", "neptune/list_app_notifications"),
            _sample("get inbox of an SDK", "client/list_notifications", EXTERNAL_ID=USER),
            _operation("process in-app 1x1"),
        ),
    ),
    Kind(
        "suppressions",
        _suppression,
        (
            _sample("list suppressions", "manage/list_suppressions"),
            _sample("add suppression", "manage/add_suppression"),
            _operation("deliver e-mail 1x1"),
        ),
    ),
)


def measure(world: World, names: Sequence[str] = (), sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    """Count operations over ever more of each kind.

    Parameters
    ----------
    names
        Kinds; all if none is named.
    """
    kinds = [kind for kind in KINDS if not names or kind.name in names]
    progress = Progress("growth")
    progress.more(len(kinds) * len(sizes))
    found: dict[str, Any] = {}
    for kind in kinds:
        world.aws.restore()
        originals = [_made(world, kind, NAME.format(number)) for number in range(_ORIGINALS)]
        counted: dict[str, list[Mapping[str, Any]]] = {}
        for size in sizes:
            # What was asked of fewer has left something behind, newer than all else.
            world.aws.restore()
            world.aws.ask("grow", originals=originals, keep=world.ids, first=0, last=size)
            for name, function, make in kind.operations:
                counted.setdefault(name, []).append(_counted(world, function, make))
            progress.step()
        found[kind.name] = {name: _grown(sizes, each) for name, each in counted.items()}
    progress.end()
    world.aws.restore()
    return {"sizes": list(sizes), "kinds": found}


def _counted(world: World, function: str, make: Callable[[World], Event]) -> dict[str, Any]:
    first, second = make(world), make(world)
    with world.sandboxes.quick(function) as sandbox:
        sandbox.invoke(first)
        world.aws.tally()
        sandbox.invoke(second)
    tally = world.aws.tally()
    return {"calls": tally.total, "units": tally.read + tally.written + tally.indexed}


def _grown(sizes: Sequence[int], counted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    calls, units = [one["calls"] for one in counted], [one["units"] for one in counted]
    return {"calls": calls, "units": units, "order": order(sizes, calls, units)}


def _made(world: World, kind: Kind, name: str) -> Items:
    """Make one of a kind; return the items that it is stored as, without those that count it among others."""
    before = _everything(world)
    kind.make(world, name)
    return {
        table: [item for item in items if item not in before[table] and not item.keys() & {"count", "counts"}]
        for table, items in _everything(world).items()
    }


def _everything(world: World) -> Items:
    return {table: world.aws.ask("items", table=table) for table in world.sandboxes.stack.tables}
