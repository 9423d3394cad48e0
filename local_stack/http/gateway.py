"""Behaves as an API Gateway HTTP API: finds the route, makes the event, reads the function's answer.

Payload format 2.0 only, which SAM gives an HttpApi event.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_stack.compute.functions import Outcome
from local_stack.settings import ACCOUNT_ID
from local_stack.template.deployment import integrations
from local_stack.terminal import warn

MAX_BODY = 10 * 1024 * 1024
# Lambda takes no larger event, in bytes of JSON. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT = 6 * 1024 * 1024
# No character of a body takes more bytes than this in JSON.
_LONGEST = 6
_GREEDY = 2
_ANY = "ANY"
_DEFAULT = "$default"
_ANY_METHOD = "x-amazon-apigateway-any-method"
# Of all content types, HTTP APIs hand over these alone as text; forms and bodies without a type are base64.
_TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}
#: As the functions' answers have them; AWS puts none into the gateway's own.
HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came in.

    Parameters
    ----------
    method : str
        In capitals.
    path : str
        As sent, still percent-encoded.
    query : str
        As sent, without the question mark.
    headers : list of tuple
        Names and values in order.
    body : bytes
        The body.
    source_ip, protocol : str
        Of the connection.
    """

    method: str
    path: str
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        """Find a header.

        Parameters
        ----------
        name : str
            In any case.

        Returns
        -------
        str or None
            Its first value.
        """
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Response:
    """An HTTP response.

    Parameters
    ----------
    status : int
        The status code.
    headers : list of tuple
        Names and values.
    body : bytes
        The body.
    route : str
        The function that answered, for the log line.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    route: str = ""


@dataclass(frozen=True)
class Route:
    """A route with the function behind it.

    Parameters
    ----------
    method : str
        In capitals, or ANY.
    path : str
        With {variables} and a greedy {rest+}; or $default.
    function : str
        Logical id.
    is_allowed : bool
        Whether the API may invoke the function.
    """

    method: str
    path: str
    function: str
    is_allowed: bool = True

    @property
    def key(self) -> str:
        """The route key, as in the API."""
        return _DEFAULT if self.path == _DEFAULT else f"{self.method} {self.path}"


def message(status: int, text: str) -> Response:
    """Make one of the gateway's own answers.

    Parameters
    ----------
    status : int
        The status code.
    text : str
        The message.

    Returns
    -------
    Response
        In the gateway's form.
    """
    return Response(status, [("Content-Type", "application/json"), *HEADERS], json.dumps({"message": text}).encode())


def routes_of(
    apis: Iterable[Mapping[str, Any]],
    function_of: Callable[[str], str | None],
    may_invoke: Callable[[str, str], bool],
) -> list[Route]:
    """Read the routes out of OpenAPI documents.

    Parameters
    ----------
    apis : iterable
        With `paths` as in the API's definition.
    function_of : callable
        Gives the function behind an integration's URI.
    may_invoke : callable
        Tells whether a role may invoke a function. An integration without a role needs a permission of the function;
        those are not looked at.

    Returns
    -------
    list of Route
        All that lead to a function.
    """
    found = []
    for api in apis:
        for method, path, integration in integrations(api):
            function = function_of(str(integration.get("uri")))
            if function is None or str(integration.get("payloadFormatVersion")) != "2.0":
                warn(f"route {method} {path} is not served: its integration is no function with payload format 2.0")
                continue
            role = integration.get("credentials")
            is_allowed = role is None or may_invoke(role, function)
            if not is_allowed:
                warn(f"route {method} {path} answers 500: its role in the template may not invoke {function}")
            name = _ANY if method == _ANY_METHOD else method.upper()
            found.append(Route(name, _DEFAULT if path == f"/{_DEFAULT}" else path, function, is_allowed))
    return found


class Router:
    """Chooses the most specific route.

    Parameters
    ----------
    routes : iterable of Route
        In any order.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        self._routes: list[tuple[tuple[Any, ...], list[str], Route]] = []
        routes = list(routes)
        self._paired = _paired(routes)
        for route in routes:
            if route.path == _DEFAULT:
                self._default = route
                continue
            parts = route.path.split("/")[1:]
            self._routes.append((_rank(route, parts), parts, route))
        self._routes.sort(key=lambda item: item[0])

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Find the route of a request.

        Parameters
        ----------
        method : str
            In capitals.
        path : str
            Percent-decoded.

        Returns
        -------
        tuple or None
            The route and its path parameters.
        """
        paired = self._paired.get((method, path))
        if paired is not None:
            return paired, {}
        parts = path.split("/")[1:]
        for _, wanted, route in self._routes:
            if route.method in (method, _ANY):
                parameters = _match(wanted, parts)
                if parameters is not None:
                    return route, parameters
        return (self._default, {}) if self._default else None


def _paired(routes: list[Route]) -> dict[tuple[str, str], Route]:
    """Find the functions that take a path with a slash at its end.

    No route of an HTTP API can end in a slash. A function that has both a path and everything behind it says that it
    takes the path with a slash, too; for other routes this gateway is strict.
    """
    there = {(route.method, route.path, route.function) for route in routes}
    found = {}
    for route in routes:
        base, _, last = route.path.rpartition("/")
        if last.endswith("+}") and (route.method, base, route.function) in there:
            found[route.method, f"{base}/"] = route
    return found


def _rank(route: Route, parts: list[str]) -> tuple[Any, ...]:
    # Segment by segment, a literal goes before a variable and a variable before a greedy one;
    # of two equal paths, the one for a single method goes first.
    kinds = [_GREEDY if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in parts]
    return (_GREEDY in kinds, kinds, route.method == _ANY, route.path)


def _match(wanted: list[str], parts: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for index, name in enumerate(wanted):
        if name.startswith("{") and name.endswith("+}"):
            rest = "/".join(parts[index:])
            if not rest:
                return None
            parameters[name[1:-2]] = rest
            return parameters
        if index >= len(parts):
            return None
        if name.startswith("{") and name.endswith("}"):
            if not parts[index]:
                return None
            parameters[name[1:-1]] = parts[index]
        elif name != parts[index]:
            return None
    return parameters if len(wanted) == len(parts) else None


def as_aws_decodes(path: str) -> str | None:
    """Decode a path as HTTP APIs of AWS were seen to: twice, and only up to a question mark.

    Source: docs/adr/0022-paths-that-the-gateway-changes.md

    Returns
    -------
    str or None
        None for a path that is answered with 400: its first decoding leaves a percent sign that escapes nothing.
    """
    once = unquote(path).partition("?")[0]
    return None if re.search("%(?![0-9A-Fa-f]{2})", once) else unquote(once)


def make_event(request: Request, path: str, route: Route, parameters: Mapping[str, str], domain: str) -> dict[str, Any]:
    """Make the event that the function gets.

    Parameters
    ----------
    request : Request
        What came in.
    path : str
        Its path as the gateway decodes it.
    route : Route
        Where it goes.
    parameters : mapping of str to str
        Path parameters.
    domain : str
        The host of the API.

    Returns
    -------
    dict
        Payload format 2.0.
    """
    now = datetime.now(UTC)
    cookies: list[str] = []
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = name.lower()
        if key == "cookie":
            cookies += [part.strip() for part in value.split(";") if part.strip()]
        else:
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    headers.setdefault("x-forwarded-for", request.source_ip)
    headers.setdefault("x-forwarded-port", domain.rpartition(":")[2] if ":" in domain else "80")
    headers.setdefault("x-forwarded-proto", "http")
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(now.timestamp()):08x}-{uuid.uuid4().hex[:24]}")
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": domain.partition(":")[0],
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": base64.b64encode(uuid.uuid4().bytes)[:15].decode().replace("/", "_") + "=",
            "routeKey": route.key,
            "stage": _DEFAULT,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if parameters:
        event["pathParameters"] = dict(parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def _body(request: Request) -> tuple[str, bool]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind in _TEXT_TYPES or kind.startswith("text/"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _is_too_long(event: Mapping[str, Any]) -> bool:
    if len(event.get("body", "")) * _LONGEST < MAX_EVENT // 2:
        return False
    return len(json.dumps(event, ensure_ascii=False).encode()) > MAX_EVENT


def read_answer(outcome: Outcome) -> Response:
    """Turn a function's answer into a response.

    Parameters
    ----------
    outcome : Outcome
        Of the invocation.

    Returns
    -------
    Response
        The function's response, or the gateway's 500 when it failed or its answer is not a response.
    """
    if outcome.error is not None or outcome.result is None:
        return message(500, "Internal Server Error")
    result = json.loads(outcome.result)
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else outcome.result
        return Response(200, [("Content-Type", "application/json")], text.encode())
    try:
        return _proxy(result)
    except (TypeError, ValueError, binascii.Error) as error:
        warn(f"a function's answer makes no HTTP response: {error}")
        return message(500, "Internal Server Error")


def _proxy(result: Mapping[str, Any]) -> Response:
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"status {status}")
    headers = [(str(name), _header(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("Set-Cookie", _header(cookie)) for cookie in result.get("cookies") or []]
    body = result.get("body")
    if body is None:
        body = ""
    if not isinstance(body, str):
        raise TypeError(f"the body is a {type(body).__name__}, not text")
    data = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return Response(status, headers, data)


def _header(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "\r" in text or "\n" in text:
        raise ValueError("a header holds a line break")
    return text


class Cors:
    """The CORS settings of an HTTP API.

    Parameters
    ----------
    settings : mapping
        As in the template, with names in either spelling.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        plain = {name.lower().replace("-", ""): value for name, value in settings.items()}
        self._origins = _list(plain.get("alloworigins"))
        self._methods = _list(plain.get("allowmethods"))
        self._headers = _list(plain.get("allowheaders"))
        self._exposed = _list(plain.get("exposeheaders"))
        self._credentials = str(plain.get("allowcredentials", "")).lower() == "true"
        self._age = plain.get("maxage")

    def _origin(self, request: Request) -> str | None:
        origin = request.header("origin")
        if origin is None:
            return None
        if "*" in self._origins:
            return "*"
        return origin if any(_allows(allowed, origin) for allowed in self._origins) else None

    def preflight(self, request: Request) -> Response | None:
        """Answer a preflight request.

        Parameters
        ----------
        request : Request
            Any request.

        Returns
        -------
        Response or None
            None when it is no preflight.
        """
        if request.method != "OPTIONS" or not request.header("access-control-request-method"):
            return None
        origin = self._origin(request)
        if origin is None:
            return Response(204, route="CORS")
        headers = self._common(origin)
        if self._methods:
            headers.append(("Access-Control-Allow-Methods", ",".join(self._methods)))
        if self._headers:
            headers.append(("Access-Control-Allow-Headers", ",".join(self._headers)))
        if self._age is not None:
            headers.append(("Access-Control-Max-Age", str(self._age)))
        return Response(204, headers, route="CORS")

    def decorate(self, request: Request, response: Response) -> None:
        """Put CORS headers on a response; those of the function give way, as in API Gateway.

        Parameters
        ----------
        request : Request
            What was asked.
        response : Response
            What is answered.
        """
        response.headers = [item for item in response.headers if not item[0].lower().startswith("access-control-")]
        origin = self._origin(request)
        if origin is not None:
            response.headers += self._common(origin)
            if self._exposed:
                response.headers.append(("Access-Control-Expose-Headers", ",".join(self._exposed)))

    def _common(self, origin: str) -> list[tuple[str, str]]:
        headers = [("Access-Control-Allow-Origin", origin)]
        if self._credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        return headers


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _allows(allowed: str, origin: str) -> bool:
    return origin.lower() == allowed.lower() or (allowed.endswith("*") and origin.startswith(allowed[:-1]))


class Gateway:
    """The API.

    Parameters
    ----------
    router : Router
        Its routes.
    invoke : callable
        Runs a function by its logical id.
    domain : str
        Host and port that it is served at.
    cors : Cors, optional
        Its CORS settings.
    decode : callable
        Decodes paths, `None` for one that is a bad request: once, unless it is `as_aws_decodes`.
    """

    def __init__(
        self,
        router: Router,
        invoke: Callable[[str, Any], Outcome],
        domain: str,
        cors: Cors | None = None,
        decode: Callable[[str], str | None] = unquote,
    ) -> None:
        self._decode = decode
        self._router = router
        self._invoke = invoke
        self._domain = domain
        self._cors = cors

    def handle(self, request: Request) -> Response:
        """Answer a request.

        Parameters
        ----------
        request : Request
            What came in.

        Returns
        -------
        Response
            The function's answer, or the gateway's own.
        """
        preflight = self._cors.preflight(request) if self._cors else None
        if preflight:
            return preflight
        response = self._answer(request)
        if self._cors:
            self._cors.decorate(request, response)
        return response

    def _answer(self, request: Request) -> Response:
        if len(request.body) > MAX_BODY:
            return message(413, "Request Entity Too Large")
        path = self._decode(request.path)
        if path is None:
            return message(400, "Bad Request")
        found = self._router.find(request.method, path)
        if found is None:
            return message(404, "Not Found")
        route, parameters = found
        event = make_event(request, path, route, parameters, self._domain)
        if not route.is_allowed:
            response = message(500, "Internal Server Error")
        elif _is_too_long(event):
            response = message(413, "Request Too Long")
        else:
            response = read_answer(self._invoke(route.function, event))
        response.route = route.function
        response.headers.append(("Apigw-Requestid", event["requestContext"]["requestId"]))
        return response
