"""The messages that are about a user: those to it, and those to an address of its that name nobody."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from nereid.models.erasure import address_of
from nereid.models.team import Scope
from nereid.ports.messaging import MessageFilter, MessageStore, Outline, StoredMessage

#: How many messages are looked at at once.
_OWN, _SEARCHED = 50, 2000
#: How far apart the arrivals may be that one place in the order of arrival names.
_TOGETHER = timedelta(minutes=1)


def to_user(
    messages: MessageStore, scope: Scope, user_id: str, before: str | None = None, limit: int = _OWN
) -> Iterator[tuple[list[StoredMessage], str | None]]:
    """Yield pages of the messages to a user, newest first, and the position to go on before."""
    while True:
        page, before = messages.page(scope, MessageFilter(user_id=user_id), before, limit)
        yield page, before
        if before is None:
            return


def to_addresses(
    messages: MessageStore,
    scope: Scope,
    addresses: frozenset[str],
    after: str | None,
    before: datetime,
) -> Iterator[tuple[dict[str, Outline], str]]:
    """Yield the messages that have a delivery to some addresses, oldest first, and up to where all were seen.

    The journal of the environment is gone through, which says of each message in some bytes which addresses it names;
    only those are read that may be meant, and all of earlier releases.

    Parameters
    ----------
    addresses
        As an erasure names them.
    after
        Where to begin; None with the oldest message.
    """
    is_theirs = addresses_among(addresses)
    naming = {each.partition(" ")[2] for each in addresses}
    while True:
        page = messages.arrivals(scope, after, before + _TOGETHER, _SEARCHED, naming=naming)
        if page.position is None:
            return
        keys = list(dict.fromkeys(each.message_id for each in page.messages))
        yield _among(messages.outlines(scope, keys), is_theirs), page.position
        if not page.more:
            return
        after = page.position


def _among(outlines: Mapping[str, Outline], is_theirs: Callable[[str, str], bool]) -> dict[str, Outline]:
    return {
        key: outline
        for key, outline in outlines.items()
        if any(is_theirs(*each) for each in (*_planned(outline), *outline.contacts))
    }


def _planned(outline: Outline) -> Iterator[tuple[str, str]]:
    return ((each.type, each.value) for each in outline.plan.recipients)


def addresses_among(addresses: frozenset[str]) -> Callable[[str, str], bool]:
    """Return what tells whether a contact is one of some addresses."""
    return lambda type_, value: bool(value) and address_of(type_, value) in addresses
