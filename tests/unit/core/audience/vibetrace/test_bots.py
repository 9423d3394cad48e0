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
    ],
)
def test_a_bot_is_known_by_its_agent(agent: str) -> None:
    assert is_bot(None, agent)


@pytest.mark.parametrize(
    "agent", [None, "", "curl/8.5", "python-requests/2.31", "okhttp/4", "Mozilla/5.0 Firefox/130", "Bottle/0.12", 5, {}]
)
def test_a_person_a_library_and_a_missing_agent_are_no_bot(agent: object) -> None:
    assert not is_bot(agent)


def test_no_agent_at_all_is_no_bot() -> None:
    assert not is_bot()
