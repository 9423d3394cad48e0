"""What is known while templates are filled in, and what is found out: variables that are missing, and notes.

The library's expressions and comparisons are not handed anything of ours, so it is kept here. A function fills in one
template at a time.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import liquid

#: Most names and notes that are kept, and longest name, in characters.
MAX_MISSING, MAX_NAME = 20, 200
MAX_NOTES = 20


class Locality(NamedTuple):
    """How a reader writes dates and numbers. What is None, or not known, is English and the time as it is given."""

    locale: Any = None
    timezone: Any = None


#: Nothing is known of the reader.
ANYWHERE = Locality()


@dataclass
class Rendering:
    """The filling in of a template, or the evaluation of a condition."""

    locality: Locality = ANYWHERE
    #: Variables that nobody gave.
    missing: list[str] = field(default_factory=list)
    #: Those among them whose value was wanted, and not only whether they are there.
    wanted: list[str] = field(default_factory=list)
    #: What could not work with the values at hand. It names kinds of values and never a value.
    notes: list[str] = field(default_factory=list)
    #: The lengths of the strings that it has made.
    lengths: list[int] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Note what could not work, once."""
        if text not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(text)


_current = Rendering()


def begin(locality: Locality = ANYWHERE) -> Rendering:
    """Begin a rendering; the one before is forgotten."""
    global _current  # noqa: PLW0603 - see above
    _current = Rendering(locality)
    return _current


def current() -> Rendering:
    """Return the rendering that is going on."""
    return _current


class Missing(liquid.Undefined):
    """A variable that nobody gave: it is nothing, and noted when it is used."""

    __slots__ = ()

    def ask(self) -> None:
        """Note that somebody asked whether it is there."""
        _add(current().missing, self._path())

    def use(self) -> None:
        """Note that its value was wanted."""
        self.ask()
        _add(current().wanted, self._path())

    def _path(self) -> str:
        # The hint names the whole path, `user.plan`, where one of its later parts is missing.
        path = (self.hint or "").removesuffix(" is undefined").strip("'")
        return (path if path.startswith(f"{self.name}.") else str(self.name))[:MAX_NAME]

    def __str__(self) -> str:
        self.use()
        return ""

    def __int__(self) -> int:
        self.use()
        return 0

    def __len__(self) -> int:
        self.use()
        return 0

    def __liquid__(self) -> object:
        self.use()
        return None


def _add(names: list[str], name: str) -> None:
    if name not in names and len(names) < MAX_MISSING:
        names.append(name)
