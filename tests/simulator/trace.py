"""What happened in a run, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

from tests.simulator.clock import SECOND


class Step(NamedTuple):
    """Something that happened."""

    at: int
    #: The invocation or other actor that it happened to.
    actor: str
    text: str

    def __str__(self) -> str:
        return f"{self.at / SECOND:>12.6f}  {self.actor:<44}  {self.text}"


class Trace:
    """Notes steps.

    Parameters
    ----------
    keep
        Whether to keep them; their fingerprint is taken in any case.
    """

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.steps: list[Step] = []
        self._digest: Any = blake2b(digest_size=16)
        #: What two runs have in common only if every step of theirs is the same; known at the end.
        self.fingerprint = ""

    def note(self, at: int, actor: str, text: str) -> None:
        """Note a step."""
        self._digest.update(f"{at} {actor} {text}\n".encode())
        if self.keep:
            self.steps.append(Step(at, actor, text))

    def end(self) -> None:
        """Take the fingerprint; nothing is noted after that."""
        self.fingerprint, self._digest = self._digest.hexdigest(), None

    def story(self, words: Iterable[str], actors: Iterable[str] = ()) -> list[Step]:
        """Return the steps that concern one thing.

        These are the steps in which one of its names occurs, and the faults of the invocations that such steps
        belong to.
        """
        wanted = [word for word in words if word]
        involved = set(actors)
        touching = []
        for step in self.steps:
            text = f"{step.actor} {step.text}"
            found = any(word in text for word in wanted)
            touching.append(found)
            if found:
                involved.add(step.actor)
        return [
            step
            for step, found in zip(self.steps, touching, strict=True)
            if found or (step.actor in involved and step.text.startswith("!"))
        ]
