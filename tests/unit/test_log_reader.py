"""The reader of logs finds what must not be in them; else a run that leaks would be as green as one that does not."""

from __future__ import annotations

import pytest

from tests.support.logs import leaks, of_functions, texts_of


@pytest.mark.parametrize(
    "text",
    [
        "sam@example.com",
        "to=+4915112345678",
        "token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln",
        "pk_7c8e74b5-bc10-4090-bfdd-b13591bba5cd",
        "rt_5b1c9c0e58a24b5e9f1e0a4f2b8d7c11",
        "$argon2id$v=19",
        "Bearer abcdefgh.ijkl",
        "the marked text",
    ],
)
@pytest.mark.parametrize("line", ["[NeptuneGetUser] ERROR {}", "[NeptuneGetUser] ERROR bug\nValueError: {}", "[X1] {}"])
def test_a_leak_is_found(text: str, line: str) -> None:
    assert leaks(line.format(text) + "\nGET /x 200 3 ms X", ["the marked text"])


def test_what_the_stack_says_itself_is_not_looked_at() -> None:
    printed = (
        "Nereid is ready at x\n  API token  eyJhbGciOiJIUzI1NiJ9.e30.c2ln\nGET /v1/user/sam@example.com 200 3 ms X"
    )
    assert leaks(printed, []) == []


def test_ids_and_codes_are_no_leaks() -> None:
    printed = (
        "[VibetracePostEvent] INFO event discarded reason=bot team_id=5ce333e7 message_id=m-1\n"
        '[VibetracePostEvent] {"_aws":{"Timestamp":1795266906297},"reason":"bot","EventsDiscarded":[1.0]}'
    )
    assert leaks(printed, ["another text"]) == []
    assert len(of_functions(printed)) == 2


def test_the_texts_of_a_body_are_its_own_words_and_no_ids() -> None:
    body = {
        "user_id": "an-id-of-a-user",
        "event": {"login": {"email": "sam@example.com"}},
        "data": {"otp": "the otp text", "list": [{"deep": "a deep text"}], "n": 5},
        "contact_infos": [{"type": "mobile_number", "value": "+491511234"}],
    }
    wanted = ["sam@example.com", "the otp text", "a deep text", "+491511234"]
    assert list(texts_of(body)) == wanted
    assert list(texts_of(b'{"meta": {"name": "Sam Example"}}')) == ["Sam Example"]
    assert list(texts_of(b"\xff")) == []
