"""Mailboxes that a team connects to send from."""

from nereid.models.lead_email import EmailAccount, MailboxProvider
from nereid.ports.clock import Clock
from nereid.ports.outreach import EmailAccountStore, TokenCipher


def add_email_account(
    accounts: EmailAccountStore,
    cipher: TokenCipher,
    clock: Clock,
    team_id: str,
    email: str,
    provider: MailboxProvider,
    token: str,
) -> EmailAccount:
    """Connect a mailbox, or connect it again with another token. The token is stored encrypted."""
    return accounts.put(team_id, email, provider, cipher.seal(team_id, email, token), clock.now())
