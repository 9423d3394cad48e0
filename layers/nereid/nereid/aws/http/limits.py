"""How long a client waits for a service, and how often it asks."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of one client.

    Parameters
    ----------
    connect_seconds
        How long making a connection may take, TLS and all addresses of the host included, but not looking them up.
    read_seconds
        How long each wait for more of an answer may take.
    attempts
        How often a call is sent at most. Only for 1 is it certain that a call takes effect no more than once.
    idle_seconds
        How long a connection may have been idle that is used again. A sandbox stands still between invocations and
        misses that a service hangs up, which some do within a minute, or that Lambda takes an idle connection away.
        What is sent on it then gets no answer.
        Source: https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html
    """

    connect_seconds: float
    read_seconds: float
    attempts: int
    idle_seconds: float = 20
