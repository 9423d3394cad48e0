"""Lambda: functions run in sandboxes, which keep what a function cached from one invocation to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import nereid.runtime
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.infrastructure import stack
from tests.simulator.clock import SECOND, SandboxClock, seconds
from tests.simulator.scheduler import Stopped, Task

if TYPE_CHECKING:
    from tests.simulator.world import World

#: How far the clocks of sandboxes differ, in microseconds, and how far one jumps.
_SKEW, _JUMP = seconds(0.2), seconds(8)
#: How long a sandbox without work is kept.
_IDLE = seconds(600)


@cache
def _code(folder: str) -> CodeType:
    path = stack.ROOT / "functions" / folder / "app.py"
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


class Function:
    """A function as the template has it."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        properties = stack.functions()[name]
        self.name = name
        folder = stack.folder(name)
        self.folder = f"{folder.parent.name}/{folder.name}"
        #: What it is called in traces.
        self.short = folder.name
        self.timeout = int(properties["Timeout"]) * SECOND
        given = {key: environment[key.upper()] for key in Settings.model_fields if key.upper() in environment}
        self.settings = Settings.model_validate(given)
        self.idle: list[Sandbox] = []
        self.sandboxes = 0


class Sandbox:
    """A container with a function in it, from its cold start on."""

    def __init__(self, world: World, function: Function, label: str) -> None:
        self.function = function
        self.label = label
        skew = world.chance.between(f"{label}/skew", -_SKEW, _SKEW) if world.faults.active else 0
        self.clock = SandboxClock(world.time, skew)
        self.used_at = world.time.now
        runtime = Runtime()
        runtime.__dict__.update(settings=function.settings, clock=self.clock)
        module = ModuleType("app")
        # The function's module takes the runtime from where it is made; every sandbox has one of its own.
        shared = nereid.runtime.runtime
        nereid.runtime.runtime = runtime
        try:
            exec(_code(function.folder), module.__dict__)  # noqa: S102 - the product's own code
        finally:
            nereid.runtime.runtime = shared
        self.handler: Callable[[dict[str, Any], Any], Any] = module.handler


class Invocation:
    """One run of a function. It is also the context that Lambda hands to the function.

    Parameters
    ----------
    label
        Names it, the same way in each run of a seed.
    done
        Is told, once, what the service takes for the result: the function's answer, or None if it died.
    """

    def __init__(
        self,
        world: World,
        function: Function,
        label: str,
        event: dict[str, Any],
        done: Callable[[Any], None],
    ) -> None:
        self._world = world
        self.function = function
        self.label = label
        self._event = event
        self._done: Callable[[Any], None] | None = done
        self.sandbox = _take(world, function, label)
        self.deadline = world.time.now + function.timeout
        #: Counters of what it did, which name what it does next.
        self.calls = 0
        self.identifiers = 0
        self.sends = 0
        #: What went wrong in it.
        self.faults: list[str] = []
        self.frozen = False
        self.ended = False
        #: What goes wrong with the call that it is making.
        self.call_fault: str | None = None
        #: The delivery that it has claimed last, and what it has done for it since; see journal.
        self.hand_over: Any = None
        self.task: Task = world.scheduler.start(self._run, self)
        world.scheduler.at(self.deadline, self._time_out)

    def get_remaining_time_in_millis(self) -> int:
        """Return what Lambda's context says."""
        return max(0, (self.deadline - self._world.time.now) // 1000)

    def _run(self) -> None:
        world = self._world
        world.note(self.label, "begins")
        try:
            answer = self.sandbox.handler(self._event, self)
        except Stopped:
            world.note(self.label, "! died")
            self._end(None, alive=False)
        except Exception as error:  # noqa: BLE001 - the run goes on, and the report has it
            world.journal.crashes.append((self, error))
            world.note(self.label, f"! raised {type(error).__name__}")
            self._end(None, alive=False)
        else:
            self._end(answer, alive=True)

    def _end(self, answer: Any, *, alive: bool) -> None:
        self.ended = True
        self._event = {}  # it would be kept for as long as the journal is
        self._world.invocation_ended(self)
        if alive:
            self.sandbox.used_at = self._world.time.now
            self.function.idle.append(self.sandbox)
        self._tell(answer)

    def _tell(self, answer: Any) -> None:
        if self._done is not None:
            done, self._done = self._done, None
            done(answer)

    def _time_out(self) -> None:
        if self.ended:
            return
        if self.frozen:  # the service gives it up; what is left of it goes on
            self._world.note(self.label, "! given up")
            self._tell(None)
        else:
            self._world.note(self.label, "! out of time")
            self.faults.append("out of time")
            self.task.stop()


def _take(world: World, function: Function, label: str) -> Sandbox:
    """Return a sandbox without work, or a new one."""
    now = world.time.now
    while function.idle:
        sandbox = function.idle.pop()
        if now - sandbox.used_at > _IDLE and world.faults.draw(f"{label}/idle", "sandbox:idle") is None:
            continue
        match world.faults.draw(f"{label}/clock", "sandbox:clock"):
            case "ahead":
                sandbox.clock.error = _JUMP
            case "behind":
                sandbox.clock.error = -_JUMP
        return sandbox
    function.sandboxes += 1
    return Sandbox(world, function, f"{function.short}@{function.sandboxes}")
