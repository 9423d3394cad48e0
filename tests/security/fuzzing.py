"""Requests that are almost right, and some that are not at all: the good samples of events/, mutated."""

from __future__ import annotations

import base64
import json
import math
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from local_stack.http import gateway
from nereid.dialects.body_types import LaxBody
from nereid.dialects.client import checks as client_checks
from nereid.dialects.manage import bodies as manage_bodies  # noqa: F401 - to know the fields of their bodies
from nereid.dialects.neptie import bodies as neptie_bodies  # noqa: F401 - to know the fields of their bodies
from nereid.dialects.neptie import outreach_bodies  # noqa: F401 - to know the fields of their bodies
from nereid.dialects.neptune import bodies as neptune_bodies  # noqa: F401 - to know the fields of their bodies
from tests.support.api import Call

#: How many requests were made in this process.
count = 0
#: Texts that have broken programs before: encodings, injections, keys of our own tables, numbers in disguise.
WORDS = (
    *("", " ", "0", "1", "-1", "2", "1e400", "9" * 19, "9" * 5000, "NaN", "Infinity", "null", "true", "None"),
    *("\x00", "a\x00b", "\x1b[31m", "\u007f", "\u2028", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\ud800", "\udfff x"),
    *("é", "ß", "İ", "ﬁ", "١٢", "\u202egnp", "👩\u200d👩\u200d👧", "\U0010ffff"),
    *("a@b.c", "a@b", "@", "ab.c", "a@b.c\r\nBcc: x@y.z", "Sam <a@b.c>", '"a b"@c.d', "a@ä.de", "a@xn--4ca.de"),
    *("\r\n", "x\r\nSet-Cookie: a=b", "x\ny", "\t", "../../etc/passwd", "..", ".", "/", "//", "a/b", "%", "%00", "%2f"),
    *("#", "a#b", "dev", "private", "sandbox", "user#2", "team#x", "environment#dev", "anon:a", "anon:", ":", "~"),
    *("{{ x }}", "{{ 9 | divided_by: 0 }}", "{% if %}", "{%", "}}", "{{", "{% raw %}", "{{ x | nofilter }}", "x == "),
    *("{% for i in (1..1000000000) %}x{% endfor %}", "{{ (1..1000000000) | size }}", "{{ 'x' | append: x }}"),
    *("<script>", "'; DROP TABLE users; --", "=1+1", "${jndi:ldap://x}", "__proto__", "constructor", "$ref", "\\", '"'),
    *(
        "x" * 64,
        "x" * 256,
        "x" * 257,
        "x" * 1025,
        "x" * 2049,
        "x" * 5000,
        "é" * 256,
        "é" * 1024,
        "👩" * 256,
        "👩" * 600,
    ),
    *("email", "sms", "push", "app", "mobile_number", "firebase_token", "unread", "all", "asc", "user", "notification"),
    *("post_events", "admin:all", "public", "secret", "Europe/Berlin", "Etc/GMT+99", "gmail", "7d", "casual", "draft"),
    *(
        "2026-01-31T09:30:00.000Z",
        "0000-00-00",
        "00000000-0000-0000-0000-000000000000",
        "ABCDEF00-0000-4000-8000-0" * 3,
    ),
)
_NUMBERS: Sequence[int | float] = (
    *(0, 1, -1, 2, 21, 101, 1001, 3650, 3651, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**37, 10**39, 10**400),
    *(0.0, -0.0, 0.1, 1.5, 1e15, 1e16, 1e22, 1e37, 1e126, 1e308, -1e308, 5e-324, 1e-130, 3.0, 1e400),
)
_CONTENT_TYPES = (
    *("application/json", "application/json; charset=utf-16", "APPLICATION/JSON", "text/plain", "text/csv", ""),
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ";", "\x00"),
)
_HEADERS = (
    *("authorization", "x-api-key", "x-external-id", "x-anonymous-id", "idempotency-key", "user-agent", "origin"),
    *("content-encoding", "x-http-method-override", "x-forwarded-for", "access-control-request-method", "cookie"),
    *("access-control-request-headers", "accept", "content-length", "host", "transfer-encoding"),
)
_QUERY = (
    *("page", "per_page", "limit", "cursor", "includes", "user_id", "type", "value", "sort_order", "upsert", "status"),
    *("campaign_id", "timeframe", "environment", "event_type", "industry", "api_token", "channel", "reason", "email"),
)
#: Characters of JSON that a repeated list may have: more than any route takes.
_MOST_WRITTEN = 8_000_000
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "")


def _fields() -> list[str]:
    """Return the names of all members that any body knows."""
    waiting: list[type[LaxBody]] = [LaxBody]
    names = {field.name for field in (*client_checks.DEVICE, *client_checks.TRACK, *client_checks.TRAITS)}
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        names |= {field.alias or name for name, field in model.model_fields.items()}
    return sorted(names | {"template", "channel", "when", "to", "filterable", "generic", "event_name", "ua", "from"})


FIELDS = _fields()
texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=20), st.text(string.printable, max_size=12))
leaves: st.SearchStrategy[Any] = st.one_of(
    texts, st.none(), st.booleans(), st.sampled_from(_NUMBERS), st.integers(), st.floats()
)
keys = st.one_of(st.sampled_from(FIELDS), texts)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)
#: A value inside of many lists, or objects, or very many values.
heavy: st.SearchStrategy[Any] = st.one_of(
    st.deferred(lambda: st.builds(_nested, st.integers(1, 300), leaves)),
    st.builds(lambda value, times: [value] * times, leaves, st.sampled_from((2, 51, 101, 1001, 3000))),
    st.builds(lambda times: {str(number): number for number in range(times)}, st.sampled_from((21, 101, 3000))),
    st.builds(lambda length: "x" * length, st.sampled_from((65536, 65537, 262_144, 300_000))),
)


def _nested(depth: int, value: Any) -> Any:
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """Return a JSON value with one to four changes somewhere in it."""
    for _ in range(draw(st.integers(1, 4))):
        value = _mutate(draw, value)
    return value


def _mutate(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)) < 7:
        key = draw(st.sampled_from(list(value)))
        match draw(st.sampled_from(("inside", "inside", "inside", "without", "renamed", "added", "swapped"))):
            case "without":
                return {name: each for name, each in value.items() if name != key}
            case "renamed":
                return {(draw(keys) if name == key else name): each for name, each in value.items()}
            case "added":
                return {**value, draw(keys): draw(st.one_of(values, heavy))}
            case "swapped":
                return {**value, key: draw(st.sampled_from(list(value.values())))}
        return {**value, key: _mutate(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)) < 7:
        index = draw(st.integers(0, len(value) - 1))
        match draw(st.sampled_from(("inside", "inside", "doubled", "without", "many"))):
            case "doubled":
                return [*value, value[index]]
            case "many":
                return value * min(draw(st.sampled_from((3, 21, 101, 1001))), _most_times(value))
            case "without":
                return value[:index] + value[index + 1 :]
        return [*value[:index], _mutate(draw, value[index]), *value[index + 1 :]]
    return draw(st.one_of(values, values, values, heavy))


def _most_times(value: list[Any]) -> int:
    """Return how often a list may stand one after the other: changes come upon changes, and each multiplies."""
    return max(1, _MOST_WRITTEN // len(json.dumps(value)))


@st.composite
def written(draw: st.DrawFn, value: Any) -> bytes:
    """Return a value as JSON, in one of the ways that people write it, right or wrong."""
    # With every character beyond ASCII escaped, lone surrogates can be written; NaN and Infinity are, too.
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    raw = text.encode("utf-8", "surrogatepass")
    match draw(st.sampled_from((*["plain"] * 12, "cut", "comma", "twice", "mark", "wide", "blanks", "gone", "bytes"))):
        case "cut":
            return raw[: draw(st.integers(0, len(raw)))]
        case "comma":
            return raw[:-1] + b"," + raw[-1:]
        case "twice":  # members that stand twice
            return b"{" + raw[1:-1] + b"," + raw[1:-1] + b"}" if raw[:1] == b"{" and len(raw) > 2 else raw + raw
        case "mark":
            return b"\xef\xbb\xbf" + raw
        case "wide":
            return text.encode("utf-16", "surrogatepass")
        case "blanks":
            return b" \r\n\t" + raw + b"\n\x00"
        case "gone":
            return b""
        case "bytes":
            return draw(st.binary(max_size=40))
    return raw


@st.composite
def requests(draw: st.DrawFn, call: Call, template: str) -> gateway.Request:
    """Return a request that began as `call`, to the route `template`, and was changed in one or more places."""
    method, path, query, headers, body = call.method, call.path, dict(call.query), dict(call.headers), call.body
    for part in draw(st.sets(st.sampled_from(("path", "query", "headers", "body", "body", "method")), min_size=1)):
        match part:
            case "path":
                path = draw(_paths(path, template))
            case "query":
                query = draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(_QUERY), texts, max_size=4)))
                if draw(st.booleans()):
                    query = {**call.query, **query}
            case "headers":
                headers = {**headers, **draw(st.dictionaries(st.sampled_from(_HEADERS), texts, max_size=3))}
                headers["content-type"] = draw(st.sampled_from(_CONTENT_TYPES))
            case "body":
                body = draw(_bodies(call.body))
            case "method" if draw(st.integers(0, 4)) == 0:
                method = draw(st.sampled_from(_METHODS))
    raw_query = "&".join(f"{_escaped(name)}={_escaped(text)}" for name, text in query.items())
    if draw(st.integers(0, 30)) == 0:
        raw_query = draw(st.text(string.printable, max_size=40))
    return gateway.Request(method, path, raw_query, list(headers.items()), body, "2001:db8::1")


def _bodies(body: bytes) -> st.SearchStrategy[bytes]:
    try:
        value = json.loads(body)
    except ValueError:
        return st.one_of(st.binary(max_size=60), values.flatmap(written), st.just(body))
    return st.one_of(
        *[mutated(value).flatmap(written)] * 4,
        values.flatmap(written),
        st.builds(lambda pairs: "&".join(f"{a}={b}" for a, b in pairs).encode(errors="replace"), _pairs),
    )


_pairs = st.lists(st.tuples(keys, texts), max_size=5)


@st.composite
def _paths(draw: st.DrawFn, path: str, template: str) -> str:
    """Return a path, percent-encoded, with other values in its variable parts."""
    if "{" not in template or draw(st.integers(0, 9)) == 0:
        return quote(path, safe="/") + draw(st.sampled_from(("", "/", "//", "/x", "?", "%2f", ".", ";a=b", "%00")))
    parts = [
        _escaped(draw(texts)) or "x" if part.startswith("{") and draw(st.booleans()) else quote(given, safe="")
        for part, given in zip(template.split("/"), path.split("/"), strict=False)
    ]
    return "/".join(parts)


def _escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


#: Anything at all: any method, path, query, header and body.
anything: st.SearchStrategy[gateway.Request] = st.builds(
    lambda method, parts, query, headers, body: gateway.Request(
        method, "/" + "/".join(map(_escaped, parts)), query, headers, body, "2001:db8::1"
    ),
    st.sampled_from(_METHODS),
    st.lists(
        st.one_of(
            st.sampled_from(
                ("neptune", "api", "client", "v1", "event", "user", "manage", "u", "health", "dev", "users", "leads")
            ),
            texts,
        ),
        max_size=6,
    ),
    st.text(string.printable, max_size=30),
    st.lists(st.tuples(st.sampled_from(_HEADERS), texts), max_size=4),
    st.one_of(st.binary(max_size=40), values.flatmap(written)),
)


@st.composite
def events(draw: st.DrawFn, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event in which something is as the gateway itself never has it, and a test tool's may."""
    changed: dict[str, Any] = json.loads(json.dumps(event))
    for name in draw(st.sets(st.sampled_from(("body", "isBase64Encoded", "headers", "query", "params")), min_size=1)):
        match name:
            case "body":
                changed["body"] = draw(st.one_of(st.none(), texts, st.just(base64.b64encode(b"\xff{").decode())))
            case "isBase64Encoded":
                changed["isBase64Encoded"] = not changed.get("isBase64Encoded")
            case "headers":
                changed.pop("headers", None)
            case "query":
                changed["queryStringParameters"] = None
            case "params" if "pathParameters" not in event:
                changed["pathParameters"] = None
    return changed


def refused_by_aws(requests: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return what DynamoDB or SQS would refuse of the calls that were made, and the simulator takes."""
    found = []
    for name, body in requests:
        check = _LIMITS.get(name)
        if check is not None:
            found += [f"{name}: {problem}" for problem in check(body)]
    return found


def _item(item: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, most in (("pk", 2048), ("sk", 1024)):
        length = len(next(iter(item[name].values())).encode())
        if not 1 <= length <= most:
            problems.append(f"{name} of {length} bytes")
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    if size > 400 * 1024:
        problems.append(f"an item of {size} bytes")
    return problems


def _size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            assert len(content.lstrip("-").replace(".", "").strip("0").partition("E")[0]) <= 38
            return math.ceil(len(content) / 2) + 1
        case "B":
            return len(content)
        case "M":
            return 3 + sum(len(name.encode()) + _size(each) + 1 for name, each in content.items())
        case "L":
            return 3 + sum(_size(each) + 1 for each in content)
        case "SS" | "NS" | "BS":
            return sum(map(len, content))
    return 1


def _message(text: str) -> list[str]:
    bad = [
        character
        for character in set(text)
        if not (
            character in "\t\n\r"
            or " " <= character <= "\ud7ff"
            or "\ue000" <= character <= "\ufffd"
            or character >= "\U00010000"
        )
    ]
    size = len(text.encode("utf-8", "surrogatepass"))
    return [*(f"character {character!r}" for character in bad), *([f"{size} bytes"] if size > 1024 * 1024 else [])]


def _transaction(body: Mapping[str, Any]) -> list[str]:
    parts = [part for each in body["TransactItems"] for part in each.values()]
    items = [part.get("Item") or part["Key"] for part in parts]
    keys = [json.dumps([part["TableName"], item["pk"], item["sk"]]) for part, item in zip(parts, items, strict=True)]
    problems = [problem for item in items for problem in _item(item)]
    return [*problems, *(["an item twice"] if len(set(keys)) < len(keys) else [])]


_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "dynamodb:PutItem": lambda body: _item(body["Item"]),
    "dynamodb:UpdateItem": lambda body: _item({**body["Key"], **body.get("ExpressionAttributeValues", {})}),
    "dynamodb:GetItem": lambda body: _item(body["Key"]),
    "dynamodb:DeleteItem": lambda body: _item(body["Key"]),
    "dynamodb:TransactWriteItems": _transaction,
    "sqs:SendMessage": lambda body: _message(body["MessageBody"]),
    "sqs:SendMessageBatch": lambda body: [p for entry in body["Entries"] for p in _message(entry["MessageBody"])],
}
