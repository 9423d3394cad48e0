"""Cold starts: import and first request of every function, as multiples of what boto3's first call of SQS takes."""

from __future__ import annotations

import os
import random
import statistics
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.progress import Progress
from bench.samples import Ratio, interleaved
from bench.sandboxes import Told
from bench.world import World, opened

#: Started for every event or request there is: these are measured most often.
HOT = (
    "neptune/ingest_event",
    "client/post_events",
    "client/identify_user",
    "vibetrace/post_event",
    "pipeline/process_messages",
    "pipeline/deliver_email",
    "pipeline/deliver_sms",
    "pipeline/deliver_push",
    "pipeline/record_feedback",
)
#: Samples of each function, and of the hot ones.
ROUNDS, HOT_ROUNDS = 9, 15
#: After how many starts the floor is measured again.
_BETWEEN = 4


class Starts:
    """Starts functions cold, one after the other.

    Parameters
    ----------
    world
        What their first requests are about.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._sandboxes = world.sandboxes
        self.told: dict[str, list[Told]] = defaultdict(list)
        self.floors: list[float] = []

    def floor(self) -> float:
        """Return the seconds of CPU of boto3's first call."""
        aws = self._sandboxes.aws
        with self._sandboxes.cold(None) as sandbox:
            told = sandbox.invoke({"times": 1, "queue": f"{aws.queue_url}/MessageQueue", "body": "x" * 400})
        self.floors.append(told.imported + told.cpu)
        return self.floors[-1]

    def start(self, function: str) -> float:
        """Return the seconds of CPU of a function's import and first request."""
        self._sandboxes.aws.restore()
        with self._sandboxes.cold(function) as sandbox:
            told = sandbox.invoke(self._world.first(function))
        self.told[function].append(told)
        return told.imported + told.cpu


def measure(
    functions: Sequence[str] = (), rounds: int | None = None, workers: int | None = None, *, tls: bool = False
) -> dict[str, Any]:
    """Measure functions, all if none is named.

    Parameters
    ----------
    rounds
        Samples of each; else `ROUNDS`, and `HOT_ROUNDS` of the hot ones.
    workers
        How many are started at once; else as many as there are cores.
    tls
        Whether AWS is asked over TLS; by the floor as well.
    """
    count = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(count) as pool:
        progress = Progress("cold starts")
        shares = pool.map(lambda number: _share(number, count, functions, rounds, progress, tls=tls), range(count))
        found: dict[str, Any] = {}
        floors: list[float] = []
        for measured, own_floors in shares:
            found |= measured
            floors += own_floors
    progress.end()
    return {"floor_ms": round(statistics.median(floors) * 1000, 1), "functions": dict(sorted(found.items()))}


def _share(
    number: int, count: int, functions: Sequence[str], rounds: int | None, progress: Progress, *, tls: bool
) -> tuple[dict[str, Any], list[float]]:
    """Measure one worker's share of the functions, in a world of its own."""
    with opened(tls=tls) as world:
        # Hot ones come first and so are shared out evenly.
        every = sorted(functions or world.sandboxes.stack.functions, key=lambda name: (name not in HOT, name))
        own = every[number::count]
        if not own:
            return {}, []
        most = rounds or HOT_ROUNDS
        progress.more(sum(most if name in HOT else rounds or ROUNDS for name in own))
        starts = Starts(world)
        ratios = defaultdict(list)
        for done in range(most):
            turn = [name for name in own if name in HOT or done < (rounds or ROUNDS)]
            random.shuffle(turn)

            def start(function: str) -> float:
                progress.step()
                return starts.start(function)

            for one in interleaved(turn, start, starts.floor, _BETWEEN) if turn else ():
                ratios[one.thing].append(one.ratio)
        return {name: _shown(name, ratios[name], starts.told[name]) for name in own}, starts.floors


def _shown(name: str, ratios: Sequence[float], told: Sequence[Told]) -> dict[str, Any]:
    answer = told[0].answer
    ratio = Ratio.of(ratios)
    return {
        "ratio": ratio.median,
        "quartiles": [ratio.low, ratio.high],
        "n": ratio.n,
        "import_ms": round(statistics.median(one.imported for one in told) * 1000, 1),
        "first_ms": round(statistics.median(one.cpu for one in told) * 1000, 1),
        "modules": told[0].modules,
        "mb": round(told[0].rss / 1024),
        "status": answer.get("statusCode", 200) if isinstance(answer, dict) else 200,
        "function": name,
    }
