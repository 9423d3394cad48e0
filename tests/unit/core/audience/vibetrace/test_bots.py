import time

import pytest

from nereid.core.audience.vibetrace.bots import is_bot


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "bingbot",
        "AdsBot-Google",
        "Some Crawler",
        "webcrawl",
        "Baiduspider",
        "Yahoo! Slurp",
        "facebookexternalhit/1.1",
        "Mediapartners-Google",
        "Mozilla/5.0 HeadlessChrome/120.0",
        "MY BOT",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
        "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/130.0.0.0 Safari/537.36 Chrome-Lighthouse",
        "PERPLEXITY-USER/1.0",
    ],
)
def test_a_bot_is_known_by_its_agent(agent: str) -> None:
    assert is_bot(None, agent)


@pytest.mark.parametrize(
    "agent", [None, "", "curl/8.5", "python-requests/2.31", "okhttp/4", "Mozilla/5.0 Firefox/130", "Bottle/0.12", 5, {}]
)
def test_a_person_a_library_and_a_missing_agent_are_no_bot(agent: object) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP3A.240617.008) Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 [FBAN/FBIOS;FBAV/487.0;FBDV/iPhone15,3]",
        "Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile Safari/537.36 MetaIAB Facebook",
        "Mozilla/5.0 (Linux; Android 14) GSA/15.40 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14) DuckDuckGo/5 Mobile Safari/537.36",
        "WhatsApp/2.24.20 i",
        "Go-http-client/2.0",
        "Python-urllib/3.11",
        "python-httpx/0.28",
        "axios/1.7",
        "node-fetch",
        "Apache-HttpClient/5.4",
        "Boto3/1.44",
        "PostmanRuntime/7.42",
    ],
)
def test_a_phone_and_a_library_that_lists_of_bots_have_is_none(agent: str) -> None:
    assert not is_bot(agent)


def test_only_the_beginning_of_a_user_agent_is_looked_at() -> None:
    assert is_bot(" " * 900 + "Googlebot")
    assert not is_bot(" " * 1000 + "Googlebot")


def test_the_user_agents_of_a_large_request_are_judged_in_no_time() -> None:
    start = time.process_time()
    assert not is_bot(*["b" * 100_000] * 100)
    assert time.process_time() - start < 0.5


def test_no_agent_at_all_is_no_bot() -> None:
    assert not is_bot()
