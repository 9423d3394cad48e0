"""What ends a command: something that the person at the terminal can understand and fix.

Mistake
└── Refused       the API answered, and not with success
"""

from __future__ import annotations

from typing import Any


class Mistake(Exception):
    """A command cannot go on; its text says why and, where that is known, what to do.

    It is printed without a traceback, and the exit code is 1.
    """


class Refused(Mistake):
    """The API answered a request with something else than success.

    Parameters
    ----------
    text : str
        What to tell.
    status : int
        The answer's status.
    body : Any
        The answer's body, parsed; None if it is no JSON.
    headers : mapping, optional
        The answer's headers, which are looked up without regard to case.
    """

    def __init__(self, text: str, status: int, body: Any = None, headers: Any = None) -> None:
        super().__init__(text)
        self.status = status
        self.body = body
        self.headers = headers or {}
