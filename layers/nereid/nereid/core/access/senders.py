"""Whom a team may send as, and which of its environments do."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from nereid.models.senders import ANY, SMS, Senders, named
from nereid.models.team import Channels, Environment, Team


class Grant(NamedTuple):
    """An entry of a team's list, or a sender of the stack that serves it, with the environments that send as it."""

    channel: str
    #: As the list has it.
    sender: str
    granted_by: Literal["team", "stack"]
    environments: Sequence[str]


class RefusedUse(NamedTuple):
    """A sender that an environment names, and that the team may not send as any more."""

    environment: str
    #: The member of its channels that names it.
    member: str
    sender: str


class _Use(NamedTuple):
    environment: str
    member: str
    sender: str

    @property
    def channel(self) -> str:
        return self.member.partition(".")[0]


def senders_of(
    team: Team, senders: Senders, environments: Iterable[Environment]
) -> tuple[Sequence[Grant], Sequence[RefusedUse]]:
    """Return whom a team may send as, the operator's list first, and what its environments name in vain.

    Parameters
    ----------
    senders
        Those of the team.
    """
    uses = [
        _Use(environment.identifier, member, sender)
        for environment in environments
        for member, sender in named(environment.providers(senders.defaults)).items()
    ]
    grants: dict[tuple[str, str], Grant] = {}
    for text in [ANY] if team.senders is None else team.senders:
        for channel in _channels(text):
            grants.setdefault((channel, text), _grant(channel, text, "team", senders, uses))
    for member, text in named(senders.defaults).items():
        channel = member.partition(".")[0]
        grants.setdefault((channel, text), _grant(channel, text, "stack", senders, uses))
    refused = [RefusedUse(*use) for use in uses if not senders.allow(use.sender)]
    return list(grants.values()), refused


def _channels(entry: str) -> Sequence[str]:
    if entry == ANY:
        return list(Channels.model_fields)
    if entry.startswith(SMS):
        return ["sms"]
    return ["push"] if entry.startswith("arn:") else ["email"]


def _grant(
    channel: str, text: str, granted_by: Literal["team", "stack"], senders: Senders, uses: Iterable[_Use]
) -> Grant:
    alone = senders.only(text)

    def is_by(use: _Use) -> bool:
        # An SMS that names nobody is sent as nobody in a list, though any sender id in it allows it.
        return text in (ANY, SMS) if use.sender == SMS else alone.allow(use.sender)

    using = [use.environment for use in uses if use.channel == channel and is_by(use)]
    return Grant(channel, text, granted_by, list(dict.fromkeys(using)))
