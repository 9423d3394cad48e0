import base64
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import Quota, RateLimiter
from nereid.dialects import unknown_routes
from nereid.dialects.http import Request
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.dialects.vibetrace.bodies import InvalidEvent, MissingEvent, MissingUser, read_events
from nereid.errors import NotFound, Unavailable
from nereid.models.team import Environment
from nereid.runtime import runtime
from tests.unit.core.audience.vibetrace.vibetrace_fakes import START, Store, new_user

FUNCTIONS = Path(__file__).resolve().parents[4] / "functions" / "vibetrace"


def events_of(event: Any) -> list[tuple[str, str | None, dict[str, Any]]]:
    body = read_events({"user": {"_id": "sam"}, "event": event})
    return [(each.event_type, each.rule, each.data) for each in body.events]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"generic": {"generic": {"event_name": "e", "a": 1}}}, ("e", None, {"a": 1})),
        ({"generic": {"event_name": "e", "a": 1}}, ("e", None, {"a": 1})),
        ({"generic": {"generic": {"event_name": "e", "a": 1}, "a": 2}}, ("e", None, {"a": 2})),
        ({"generic": {"event_name": "e", "generic": "text"}}, ("e", None, {"generic": "text"})),
        ({"generic": {"event_name": "e", "generic": []}}, ("e", None, {})),
        ({"generic": {"event_name": "open"}}, ("open", None, {})),
        ({"event": {"event_name": "emailstop"}}, ("emailstop", None, {})),
        ({"event": {"generic": {"event_name": "emailstop"}}}, ("emailstop", None, {})),
        ({"open": {"generic": {"b": 1, "a": 1}, "a": 2}}, ("open", "open", {"b": 1, "a": 2})),
        ({"confirmation": {"generic": {"orderId": 1}}}, ("confirmation", "confirmation", {"orderId": 1})),
        ({"search": {"generic": {"generic": {"a": 1}}}}, ("search", None, {"generic": {"a": 1}})),
        ({"email_open": None}, ("email_open", "open", {})),
        ({"emailopen": []}, ("emailopen", "open", {})),
        ({"Open": {}}, ("Open", None, {})),
        ({"update": {"event_name": "x"}}, ("update", "update", {"event_name": "x"})),
        ({"login": {}, "ua": {"a": 1}}, ("login", "login", {})),
    ],
)  # fmt: skip
def test_an_event_is_unwrapped(event: Any, expected: tuple[str, str | None, dict[str, Any]]) -> None:
    assert events_of(event) == [expected]


def test_what_is_missing_is_said_in_order() -> None:
    with pytest.raises(MissingEvent):
        read_events({})
    with pytest.raises(MissingUser):
        read_events({"event": {"x": 5}})
    with pytest.raises(InvalidEvent):
        read_events({"event": {"x": 5}, "user": {"_id": "sam"}})


@pytest.mark.parametrize(
    ("key", "events", "expected"),
    [
        ("k", {"a": {}}, ["k"]),
        ("k", {"a": {}, "b": {}}, ["k:a", "k:b"]),
        ("k" * 256, {"a": {}}, ["k" * 256]),
        ("k", {"generic": {"event_name": "x"}, "x": {}}, ["k:generic", "k:x"]),
    ],
)
def test_a_key_gives_each_event_its_id(key: str, events: Any, expected: list[str]) -> None:
    body = read_events({"user": {"_id": "sam"}, "event": events})
    assert [message.message_id for message in body.messages("sam", key, START)] == expected


@pytest.mark.parametrize("key", [None, "", "k" * 257])
def test_without_a_usable_key_each_event_gets_an_id_of_its_own(key: str | None) -> None:
    body = read_events({"user": {"_id": "sam"}, "event": {"a": {}, "b": {}}})
    ids = {message.message_id for _ in range(2) for message in body.messages("sam", key, START)}
    assert len(ids) == 4


# The functions themselves, with stores that fail.


class Accepting:
    """Credentials that know everybody."""

    def api_token(self, _token: str) -> Caller:
        return Caller("team", "token", frozenset({"admin:all"}), "dev")

    def environment(self, caller: Caller, identifier: str) -> Environment:
        return Environment(team_id=caller.team_id, identifier=identifier, name=identifier, created_at=START)


class Broken:
    """Stands for a store or a queue that is not there, or that has a bug."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def fail(*_: Any, **__: Any) -> Any:
            raise self._error

        return fail


def call(name: str, body: Any = None, **event: Any) -> tuple[int, dict[str, str], str]:
    spec = importlib.util.spec_from_file_location(f"vibetrace_{name}", FUNCTIONS / name / "app.py")
    assert spec
    assert spec.loader
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    request = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": "/v1/event",
        "headers": {"authorization": "token"},
        "pathParameters": {"email": "sam@example.com"},
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "isBase64Encoded": True,
        **event,
    }
    answer = app.handler(request, None)
    return answer["statusCode"], answer["headers"], answer["body"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    store.users["sam"] = new_user()
    monkeypatch.setitem(vars(runtime), "credentials", Accepting())
    monkeypatch.setitem(vars(runtime), "users", store)
    return store


BODIES = {
    "post_event": {"user": {"_id": "sam"}, "event": {"x": {}}},
    "get_user": None,
    "create_user": {"email": "sam@example.com"},
    "update_user": {"a": 1},
}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_what_is_not_durable_is_not_promised(monkeypatch: pytest.MonkeyPatch, store: Store, name: str) -> None:
    broken = Broken(Unavailable("down"))
    monkeypatch.setitem(vars(runtime), "message_queue", broken)
    monkeypatch.setitem(vars(runtime), "users", store if name == "post_event" else broken)
    status, headers, body = call(name, BODIES[name])
    assert (status, headers["Retry-After"]) == (503, "5")
    assert json.loads(body) == {
        "errors": [{"message": "Service unavailable", "description": "Please try again later."}]
    }


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_bug_is_answered_without_its_words(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(vars(runtime), "users", Broken(ValueError("secret")))
    status, _, body = call(name, BODIES[name])
    assert status == 500
    assert json.loads(body) == {"errors": [{"message": "Internal error", "description": "Please try again later."}]}


class Queue:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, batches: Any) -> None:
        self.sent.append(batches)


def test_all_events_of_a_request_are_one_call_and_one_entry(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    assert store.users
    queue = Queue()
    monkeypatch.setitem(vars(runtime), "message_queue", queue)
    body = {"user": {"_id": "sam"}, "event": {f"t{number}": {} for number in range(20)}}
    assert call("post_event", body)[0] == 200
    ((batch,),) = queue.sent
    assert [message.event_type for message in batch.messages] == [f"t{number}" for number in range(20)]


def test_what_a_bot_sends_reaches_no_queue_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert store.users
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "nereid")
    monkeypatch.setitem(vars(runtime), "message_queue", Broken(AssertionError("sent")))
    body = {"user": {"_id": "sam"}, "event": {"update": {"city": "Paris", "ua": "Googlebot"}}}
    assert call("post_event", body)[0] == 200
    (metric,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    assert (metric["reason"], metric["EventsDiscarded"]) == ("bot", [1.0])
    (definition,) = metric["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "Nereid"
    assert sorted(definition["Dimensions"][0]) == ["reason", "service"]
    assert "Paris" not in json.dumps(metric)


@pytest.mark.parametrize("slash", ["x", "x/y", "/"])
@pytest.mark.parametrize("name", ["post_event", "create_user"])
def test_what_stands_behind_the_slash_makes_it_another_path(name: str, slash: str) -> None:
    status, _, body = call(name, {}, pathParameters={"slash": slash}, headers={})
    assert (status, json.loads(body)["errors"][0]["message"]) == (404, "Not Found")


@pytest.mark.parametrize("parameters", [None, {}, {"slash": ""}])
def test_a_slash_alone_makes_no_difference(store: Store, parameters: dict[str, str] | None) -> None:
    assert store.users
    assert call("create_user", {"email": "new@example.com"}, pathParameters=parameters)[0] == 200


class Uncounted:
    """Counts none of the requests that other APIs count."""

    limiter: Any = create_autospec(RateLimiter, instance=True)


COUNTING = Uncounted()
COUNTING.limiter.take.return_value = Quota(allowed=True, limit=1, remaining=1, reset=1, retry_after=1)


def request(method: str, path: str) -> Request:
    return Request(method, path, {}, {}, {}, b"", "")


def test_a_path_with_a_slash_that_no_route_took_is_sent_on() -> None:
    for path in ("/v1/event", "/v1/user"):
        answer = unknown_routes.route_not_found(COUNTING, request("POST", f"{path}/"))
        assert (answer.status, answer.headers) == (308, {"Location": path})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/event/"), ("POST", "/v1/event/x"), ("PUT", "/v1/user"), ("DELETE", "/v1/user/a@b.c")],
)
def test_other_routes_below_answer_in_this_dialect(method: str, path: str) -> None:
    assert unknown_routes.route_not_found(COUNTING, request(method, path)) == vibetrace.not_found()


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/events", "/v1/users", "/v1/leads/event"])
def test_other_routes_are_not_this_dialects(path: str) -> None:
    assert unknown_routes.route_not_found(COUNTING, request("POST", path)) != vibetrace.not_found()


def test_an_unknown_user_has_a_text_of_its_own() -> None:
    assert vibetrace.dialect.error(NotFound("user")).status == 404
