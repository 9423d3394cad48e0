"""A browser test fails for what goes wrong in its pages, though nothing of it was asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.watch import Watch


@pytest.fixture
def noted() -> list[bytes]:
    """Return the bodies of requests that were noted."""
    return []


@pytest.fixture
def watch(browser: Browser, site: str, noted: list[bytes]) -> Iterator[Watch]:
    """Return a watch that the test ends by itself, over pages that may ask the test site alone."""
    context = browser.new_context()
    yield Watch(context, [site], noted.append)
    context.close()


def run(watch: Watch, site: str, script: str, heard: str = "") -> None:
    """Open a page and run something in it; wait for a second at most for what is heard of it."""
    page = watch.new_page()
    page.goto(f"{site}/shop.html")
    page.evaluate(f"() => {{ {script} }}")
    for _ in range(20 if heard else 0):
        if any(heard in fault for fault in watch.faults):
            break
        page.wait_for_timeout(50)


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("console.error('broken')", "console: broken"),
        ("setTimeout(() => { throw new Error('thrown') }, 0)", "page: thrown"),
        ("Promise.reject(new Error('rejected'))", "page: rejected"),
        ("fetch('nothing.json')", "console: Failed to load resource: the server responded with a status of 404"),
        ("fetch('http://192.0.2.1/x').catch(() => 0)", "request: GET http://192.0.2.1/x"),
        ("new WebSocket('ws://192.0.2.1/x')", "request: GET ws://192.0.2.1/x"),
        ("navigator.sendBeacon('http://example.com/x')", "request: POST http://example.com/x"),
    ],
)
def test_a_fault_fails_the_test_unless_it_is_expected(watch: Watch, site: str, script: str, fault: str) -> None:
    run(watch, site, script, fault)
    with pytest.raises(AssertionError) as failed:
        watch.end()
    assert fault in str(failed.value)


def test_what_is_expected_is_no_fault(watch: Watch, site: str) -> None:
    watch.expect("console: br")
    run(watch, site, "console.error('broken')")
    watch.end()


def test_what_is_expected_has_to_happen(watch: Watch, site: str) -> None:
    watch.expect("console: br")
    run(watch, site, "console.log('broken')")
    with pytest.raises(AssertionError, match="nothing of the kind went wrong"):
        watch.end()


def test_bodies_are_noted_and_what_a_page_makes_itself_may_be_loaded(
    watch: Watch, site: str, noted: list[bytes]
) -> None:
    watch.expect("501")
    run(
        watch,
        site,
        "fetch('x', {method: 'POST', body: 'text'}); fetch('data:,x'); fetch(URL.createObjectURL(new Blob()))",
    )
    watch.end()
    assert noted == [b"text"]
