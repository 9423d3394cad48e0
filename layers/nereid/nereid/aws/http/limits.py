"""How long a client waits for a service, and how often it asks."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of one client.

    Parameters
    ----------
    connect_seconds
        How long making a connection may take.
    read_seconds
        How long each wait for more of an answer may take.
    attempts
        How often a call is sent at most. Only for 1 is it certain that a call takes effect no more than once.
    """

    connect_seconds: float
    read_seconds: float
    attempts: int
