"""What browser tests share: one product and one Chromium for all, a profile of its own for each test.

Every test fails for errors in its pages' consoles, for exceptions that nobody caught, and for requests to any other
origin than the product's and the test site's.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import local_stack as stacks
from tests.browser import site as sites
from tests.browser.watch import Watch
from tests.contract.manage_client import Manage
from tools import chromium

#: Nothing that a browser does by itself, and nothing beyond this machine: other names than its own do not resolve.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
#: Of a step that a test waits for. Without it, a page that never does it would hold up the others for 30 s.
STEP_MILLISECONDS = 10_000


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.LocalStack]:
    """Return the product, on any free port and with nothing but the demo in it."""
    # All that functions log is printed, so that it can be looked through in the end.
    stack = stacks.start(tmp_path_factory.mktemp("nereid"), NEREID_VERBOSE="1")
    yield stack
    stack.end()


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Return the origin of the test site."""
    with sites.running() as origin:
        yield origin


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium, with a new user data directory that goes when it ends."""
    path = chromium.find()
    assert path is not None, chromium.MISSING
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def watch(browser: Browser, local_stack: stacks.LocalStack, site: str) -> Iterator[Watch]:
    """Return what is heard of the test's pages, to say which faults the test means to see."""
    context = browser.new_context()
    context.set_default_timeout(STEP_MILLISECONDS)
    watch = Watch(context, [local_stack.base_url, site], local_stack.note)
    yield watch
    watch.end()


@pytest.fixture
def page(watch: Watch) -> Page:
    """Return an empty page."""
    return watch.new_page()


@pytest.fixture(scope="session")
def manage(local_stack: stacks.LocalStack) -> Manage:
    """Return the demo's team in its environment `dev`."""
    return Manage(local_stack, local_stack.demo["api_token"])
