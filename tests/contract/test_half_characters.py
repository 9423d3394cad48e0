"""Half a character, as JavaScript leaves it of an emoji that it cuts, costs no API a request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import Client
from tests.contract.manage_client import Manage, unique
from tests.contract.neptie_client import Neptie, email
from tests.contract.vibetrace_client import Vibetrace
from tests.local_stack import Stack

IN_PROCESS = True

#: What is sent (each half is written as an escape), and what is kept.
SENT: dict[str, Any] = {
    "text": "Merhaba \ud83c",
    "tail": "\udf55 ciao",
    "whole": "pizza \ud83c\udf55",
    "k\ud83c": [{"\udf55": "こんにちは\ud83c"}],
}
KEPT: dict[str, Any] = {
    "text": "Merhaba \ufffd",
    "tail": "\ufffd ciao",
    "whole": "pizza \U0001f355",
    "k\ufffd": [{"\ufffd": "こんにちは\ufffd"}],
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def client(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["public_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def vibetrace(local_stack: Stack) -> Vibetrace:
    return Vibetrace(local_stack, local_stack.demo["event_api_key"])


def test_neptune_takes_it_in_events(manage: Manage) -> None:
    message = manage.message(manage.ingest(unique("event"), data=SENT), until_final=False)
    assert message["data"] == KEPT


def test_neptune_takes_it_in_users(manage: Manage) -> None:
    user = manage.user(**SENT)
    answer = manage.stack.request("GET", f"/neptune/{manage.environment}/users/{user}", token=manage.token)
    assert answer.json()["meta"] == KEPT


def test_the_client_api_takes_it_and_the_rest_of_the_batch(client: Client, manage: Manage) -> None:
    ids = [unique("m"), unique("m")]
    user, name = unique(), unique("event")
    events = [
        {"external_id": user, "name": name, "message_id": ids[0], "data": {"n": 1}},
        {"external_id": user, "name": name, "message_id": ids[1], "data": SENT},
    ]
    client.accept("events", events)
    assert [manage.message(each, until_final=False)["data"] for each in ids] == [{"n": 1}, KEPT]


@pytest.mark.parametrize(
    ("sent", "kept"), [(b"%ED%A0%BC", "\ufffd"), (b"%ED%A0%BC%ED%BD%95", "\U0001f355"), (b"\xed\xa0\xbc", "\ufffd")]
)
def test_the_client_api_takes_it_in_forms(client: Client, sent: bytes, kept: str) -> None:
    user = unique()
    client.accept("identify", f"external_id={user}&locale=x".encode() + sent, FORM)
    client.stack.wait_for(lambda: (client.user(user) or {}).get("locale") == f"x{kept}")


def test_vibetrace_takes_it(vibetrace: Vibetrace) -> None:
    user = vibetrace.user(**SENT)
    assert {name: user[name] for name in KEPT} == KEPT
    vibetrace.send(user, {"search": SENT})
    [message] = vibetrace.stack.wait_for(lambda: vibetrace.messages(user))
    assert message["data"] == KEPT


def test_neptie_takes_it(sales: Neptie) -> None:
    lead = sales.ok("POST", "leads", {"full_name": "Ayşe \ud83c", "email": email(), "company": "Çay \ud83c\udf55"})[
        "lead"
    ]
    assert (lead["full_name"], lead["company"]) == ("Ayşe \ufffd", "Çay \U0001f355")
    rows = [{"full_name": "\udf55 Ngọc", "email": email()}, {"full_name": "Ngọc", "email": email()}]
    assert sales.ok("POST", "leads/import", rows)["added"] == 2


def test_management_takes_it(manage: Manage) -> None:
    template = {"subject": "Ofertă \ud83c", "text": "{{ k }} \ud83c\udf55"}
    name = manage.configure({"name": "mail", "channel": "email", "template": template})
    [kept] = manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"]
    assert (kept["template"]["subject"], kept["template"]["text"]) == ("Ofertă \ufffd", "{{ k }} \U0001f355")
