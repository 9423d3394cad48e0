"""The messages that are about a user: those to it, and those to an address of its that name nobody."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from nereid.models.erasure import address_of
from nereid.models.team import Scope
from nereid.ports.messaging import MessageFilter, MessageStore, Outline, StoredMessage

#: How many messages are looked at at once, and how many are read of those that the journal lets through.
_OWN, _SEARCHED, _READ = 50, 2000, 100
#: How far apart the arrivals may be that one place in the order of arrival names.
_TOGETHER = timedelta(minutes=1)


class About(NamedTuple):
    """A message that has to do with some addresses."""

    key: str
    outline: Outline
    #: Behind which everything stands that comes after it, and perhaps it itself with some before it; None for nothing.
    position: str | None


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
) -> Iterator[tuple[list[About], str | None]]:
    """Yield the messages that have a delivery to some addresses, oldest first, and up to where all were seen.

    The journal of the environment is gone through, which says of each message in some bytes which addresses it names;
    only those are read that may be meant, and all of earlier releases. They come a few at a time, for there may be
    thousands of them in one look: what is done with each takes longer than to find it.

    Parameters
    ----------
    addresses
        As an erasure names them.
    after
        Where to begin; None with the oldest message.
    """
    is_theirs = addresses_among(addresses)
    naming = {each.partition(" ")[2] for each in addresses}
    seen: set[str] = set()
    while True:
        page = messages.arrivals(scope, after, before + _TOGETHER, _SEARCHED, naming=naming)
        if page.position is None:
            return
        for first in range(0, len(page.messages), _READ):
            some = page.messages[first : first + _READ]
            places = {each.message_id: each.position or after for each in some if each.message_id not in seen}
            seen.update(places)
            outlines = messages.outlines(scope, list(places))
            found = [About(key, outlines[key], place) for key, place in places.items() if key in outlines]
            yield [each for each in found if _is_about(each.outline, is_theirs)], some[-1].position or after
        yield [], page.position
        if not page.more:
            return
        after = page.position


def _is_about(outline: Outline, is_theirs: Callable[[str, str], bool]) -> bool:
    return any(is_theirs(*each) for each in (*_planned(outline), *outline.contacts))


def _planned(outline: Outline) -> Iterator[tuple[str, str]]:
    return ((each.type, each.value) for each in outline.plan.recipients)


def addresses_among(addresses: frozenset[str]) -> Callable[[str, str], bool]:
    """Return what tells whether a contact is one of some addresses."""
    return lambda type_, value: bool(value) and address_of(type_, value) in addresses
