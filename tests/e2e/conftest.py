"""What the end-to-end tests share: one local stack with the real product in it."""

from collections.abc import Iterator

import pytest

from tests import local_stack as stacks
from tests.support import mailbox_servers
from tests.support.mailbox_servers import Mailboxes


@pytest.fixture(scope="session")
def mailbox_service() -> Iterator[Mailboxes]:
    """Return what stands in for Gmail and Microsoft Graph."""
    with mailbox_servers.running() as running:
        yield running


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory, mailbox_service: Mailboxes) -> Iterator[stacks.LocalStack]:
    urls = [f"{name}={mailbox_service.url}" for name in ("GmailUrl", "GraphUrl")]
    # All that functions log is printed, so that it can be looked through in the end.
    stack = stacks.start(tmp_path_factory.mktemp("nereid"), "--parameter-overrides", *urls, NEREID_VERBOSE="1")
    yield stack
    stack.end()
