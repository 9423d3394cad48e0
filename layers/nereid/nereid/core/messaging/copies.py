"""Who gets copies of a mail: nobody whom the team must not mail."""

from collections.abc import Iterable

from nereid.models.delivery import Rendered
from nereid.models.mailbox import read_mailbox
from nereid.ports.messaging import SuppressionStore


def without_suppressed(rendered: Rendered, suppressions: SuppressionStore, team_id: str) -> Rendered:
    """Return a mail without the copies to suppressed addresses; `Unavailable` if the list cannot be read."""
    subscription = rendered.unsubscribe_url is not None

    def may_be_mailed(text: str) -> bool:
        mailbox = read_mailbox(text)
        suppression = suppressions.get(team_id, mailbox.address) if mailbox else None
        return suppression is None or suppression.forbids(subscription=subscription) is None

    def reached(copies: Iterable[str]) -> list[str]:
        return [text for text in copies if may_be_mailed(text)]

    left = {name: reached(rendered.members[name]) for name in ("cc", "bcc") if rendered.members.get(name)}
    return rendered._replace(members={**rendered.members, **left}) if left else rendered
