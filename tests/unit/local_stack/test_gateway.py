import base64
import json
from typing import Any
from urllib.parse import unquote

import pytest

from local_stack.compute.functions import Outcome
from local_stack.http.gateway import (
    Cors,
    Gateway,
    Request,
    Route,
    Router,
    as_aws_decodes,
    make_event,
    read_answer,
    routes_of,
)

ROUTES = [
    Route("GET", "/users/{id}", "One"),
    Route("ANY", "/users/{id}", "AnyOne"),
    Route("GET", "/users/{id+}", "Deep"),
    Route("GET", "/users/me", "Me"),
    Route("POST", "/users/{id}/contacts", "Contacts"),
    Route("POST", "/{proxy+}", "Proxy"),
    Route("ANY", "$default", "Default"),
]


def event_of(request: Request, route: Route | None = None) -> dict[str, Any]:
    return make_event(request, unquote(request.path), route or Route("POST", "/x", "F"), {}, "127.0.0.1:3000")


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/users/me", "Me", {}),
        ("GET", "/users/7", "One", {"id": "7"}),
        ("PUT", "/users/7", "AnyOne", {"id": "7"}),
        ("GET", "/users/a/b", "Deep", {"id": "a/b"}),
        ("POST", "/users/7/contacts", "Contacts", {"id": "7"}),
        ("POST", "/users/7/other", "Proxy", {"proxy": "users/7/other"}),
        ("GET", "/users", "Default", {}),
        ("GET", "/users/", "Default", {}),
        ("GET", "/users/me/", "Deep", {"id": "me/"}),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, function: str, parameters: dict[str, str]) -> None:
    found = Router(ROUTES).find(method, path)
    assert found is not None
    assert (found[0].function, found[1]) == (function, parameters)


@pytest.mark.parametrize(
    ("path", "function", "parameters"),
    [
        ("/a", "F", {}),
        ("/a/", "F", {}),
        ("/a/b", "F", {"slash": "b"}),
        ("/b/", "Default", {"path": "b/"}),
        ("/c/", "Default", {"path": "c/"}),
    ],
)
def test_a_slash_at_the_end_is_taken_where_a_function_has_the_path_and_all_below_it(
    path: str, function: str, parameters: dict[str, str]
) -> None:
    routes = [
        Route("POST", "/a", "F"),
        Route("POST", "/a/{slash+}", "F"),
        Route("POST", "/b", "F"),
        Route("POST", "/b/{rest+}", "G"),
        Route("GET", "/c", "F"),
        Route("POST", "/c/{rest+}", "F"),
        Route("ANY", "/{path+}", "Default"),
    ]
    found = Router(routes).find("POST", path)
    assert found is not None
    assert (found[0].function, found[1]) == (function, parameters)


def test_the_order_of_the_routes_does_not_matter() -> None:
    found = Router(reversed(ROUTES)).find("GET", "/users/me")
    assert found is not None
    assert found[0].function == "Me"


def routes_with(**integration: str) -> list[Route]:
    """Return the routes of a document whose integrations are of a function F."""
    uri = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:F/invocations"
    described = {"uri": uri, "payloadFormatVersion": "2.0", **integration}
    operation = {"responses": {}, "x-amazon-apigateway-integration": described}
    paths = {"/a": {"post": operation}, "/$default": {"x-amazon-apigateway-any-method": operation}}
    return routes_of(
        [{"paths": paths}], lambda arn: "F" if ":function:F/" in arn else None, lambda role, _: role == "invoker"
    )


def test_routes_are_read_from_the_apis_definition() -> None:
    assert [(route.key, route.function) for route in routes_with()] == [("POST /a", "F"), ("$default", "F")]


def test_a_function_that_the_role_of_its_route_may_invoke_is_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(route.is_allowed for route in routes_with(credentials="invoker"))
    assert capsys.readouterr().err == ""


def test_a_function_that_the_role_of_its_route_may_not_invoke_is_a_500_as_in_aws(
    capsys: pytest.CaptureFixture[str],
) -> None:
    routes = routes_with(credentials="somebody else's")
    assert "route post /a answers 500: its role in the template may not invoke F" in capsys.readouterr().err
    gateway = Gateway(Router(routes), lambda *_: Outcome(result="1"), "host")
    response = gateway.handle(Request("POST", "/a"))
    assert (response.status, response.body) == (500, b'{"message": "Internal Server Error"}')


def test_a_path_is_decoded_once() -> None:
    event = event_of(Request("GET", "/users/a%20b%2520c"))
    assert event["rawPath"] == "/users/a b%20c"
    assert event["requestContext"]["http"]["path"] == "/users/a b%20c"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("/x/plain", "/x/plain"),
        ("/x/space%20value", "/x/space value"),
        ("/x/question%3Fvalue", "/x/question"),
        ("/x/percent%25done", None),
        ("/x/hash%23value", "/x/hash#value"),
        ("/x/slash%2Fvalue", "/x/slash/value"),
        ("/x/%CE%BB-%E4%B8%96", "/x/λ-世"),
        ("/x/literal%252Fvalue", "/x/literal/value"),
        ("/x/literal%253Fvalue", "/x/literal?value"),
        ("/x/literal%2525value", "/x/literal%value"),
    ],
)
def test_a_path_is_decoded_as_by_aws_if_that_is_wanted(sent: str, seen: str | None) -> None:
    assert as_aws_decodes(sent) == seen


def test_a_path_that_aws_cannot_decode_is_a_bad_request() -> None:
    gateway = Gateway(
        Router([Route("GET", "/x/{id}", "F")]), lambda *_: Outcome(result="1"), "host", None, as_aws_decodes
    )
    response = gateway.handle(Request("GET", "/x/50%25"))
    assert (response.status, response.body) == (400, b'{"message": "Bad Request"}')


def test_repeated_headers_and_parameters_are_joined_by_commas() -> None:
    headers = [("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"), ("User-Agent", "me")]
    event = event_of(Request("GET", "/", "q=1&q=2&empty=&e=%C3%A9", headers))
    assert event["headers"]["x-a"] == "1,2"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["queryStringParameters"] == {"q": "1,2", "empty": "", "e": "é"}
    assert event["rawQueryString"] == "q=1&q=2&empty=&e=%C3%A9"
    assert event["requestContext"]["http"]["userAgent"] == "me"


def test_what_a_request_lacks_is_missing_from_the_event() -> None:
    event = event_of(Request("GET", "/"))
    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & set(event)
    assert event["isBase64Encoded"] is False
    assert event["version"] == "2.0"
    assert event["requestContext"]["stage"] == "$default"


@pytest.mark.parametrize(
    ("content_type", "body", "encoded"),
    [
        ("application/json; charset=utf-8", b'{"a":"\xc3\xa9"}', False),
        ("text/plain", b"hello", False),
        ("application/xml", b"<a/>", False),
        ("application/json", b"\xff\xfe", True),
        ("application/octet-stream", b"hello", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("multipart/form-data; boundary=x", b"--x--", True),
        ("", b"hello", True),
    ],
)
def test_only_text_is_handed_over_as_it_is(content_type: str, body: bytes, *, encoded: bool) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    event = event_of(Request("POST", "/", headers=headers, body=body))
    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == body


def answer(result: Any) -> tuple[int, dict[str, str], bytes]:
    response = read_answer(Outcome(result=json.dumps(result)))
    return response.status, dict(response.headers), response.body


def test_an_answer_becomes_a_response() -> None:
    status, headers, body = answer({"statusCode": "201", "headers": {"X-N": 1, "X-B": True}, "body": "é"})
    assert (status, body) == (201, "é".encode())
    assert (headers["X-N"], headers["X-B"]) == ("1", "true")


def test_cookies_become_headers_of_their_own() -> None:
    response = read_answer(Outcome(result=json.dumps({"statusCode": 200, "cookies": ["a=1", "b=2"]})))
    assert [value for name, value in response.headers if name == "Set-Cookie"] == ["a=1", "b=2"]


def test_an_encoded_body_is_decoded() -> None:
    encoded = base64.b64encode(b"\x00\xff").decode()
    assert answer({"statusCode": 200, "body": encoded, "isBase64Encoded": True})[2] == b"\x00\xff"


@pytest.mark.parametrize(("result", "body"), [({"a": 1}, b'{"a": 1}'), ("hi", b"hi"), ([1], b"[1]"), (None, b"null")])
def test_a_plain_result_becomes_a_json_response(result: Any, body: bytes) -> None:
    assert answer(result) == (200, {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "ok"},
        {"statusCode": 42},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "?", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: b"}},
    ],
)
def test_an_answer_that_is_no_response_is_an_internal_error(result: Any) -> None:
    status, _, body = answer(result)
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


def gateway(routes: list[Route], cors: Cors | None = None) -> Gateway:
    def invoke(function: str, event: Any) -> Outcome:
        if function == "Fails":
            return Outcome(error={"errorType": "E", "errorMessage": "m"})
        return Outcome(result=json.dumps({"statusCode": 200, "body": event["routeKey"]}))

    return Gateway(Router(routes), invoke, "127.0.0.1:3000", cors)


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        (Request("GET", "/none"), 404, "Not Found"),
        (Request("POST", "/a"), 404, "Not Found"),
        (Request("GET", "/fails"), 500, "Internal Server Error"),
        (Request("GET", "/a", body=b"x" * (10 * 1024 * 1024 + 1)), 413, "Request Entity Too Large"),
    ],
)
def test_the_gateway_has_answers_of_its_own(request_: Request, status: int, text: str) -> None:
    response = gateway([Route("GET", "/a", "A"), Route("GET", "/fails", "Fails")]).handle(request_)
    assert (response.status, json.loads(response.body)) == (status, {"message": text})


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 6_000_000, "text/plain", 200),
        (b"x" * 6_291_456, "text/plain", 413),
        (b"\x01" * 1_100_000, "text/plain", 413),
        (b"x" * 4_600_000, "application/octet-stream", 200),
        (b"x" * 4_800_000, "application/octet-stream", 413),
    ],
)
def test_an_event_that_lambda_does_not_take_is_too_long(body: bytes, kind: str, status: int) -> None:
    response = gateway([Route("POST", "/a", "A")]).handle(Request("POST", "/a", "", [("Content-Type", kind)], body))
    assert response.status == status
    if status == 413:
        assert json.loads(response.body) == {"message": "Request Too Long"}


def test_a_path_is_decoded_before_its_route_is_chosen() -> None:
    response = gateway([Route("GET", "/a/{rest+}", "A")]).handle(Request("GET", "/a%2Fb"))
    assert response.body == b"GET /a/{rest+}"


CORS = Cors({"allowOrigins": ["https://a.example"], "allowMethods": ["GET"], "allowHeaders": ["x"], "maxAge": 60})


def test_a_preflight_is_answered_by_the_gateway() -> None:
    headers = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    response = gateway([], CORS).handle(Request("OPTIONS", "/a", headers=headers))
    assert response.status == 204
    assert ("Access-Control-Allow-Origin", "https://a.example") in response.headers
    assert ("Access-Control-Max-Age", "60") in response.headers


def test_another_origin_gets_no_permission() -> None:
    response = gateway([Route("GET", "/a", "A")], CORS).handle(
        Request("GET", "/a", headers=[("Origin", "https://b.example")])
    )
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
