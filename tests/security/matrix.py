"""The table in matrix.txt, and the request that each of its cells stands for."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nereid.models.team import Permission
from tests.infrastructure import stack
from tests.security.world import EVERYTHING, PRIVATE, Estate
from tests.support.api import Call, sample, to_call

FILE = Path(__file__).with_name("matrix.txt")
#: Paths of Neptie's that are one endpoint; the table has the first of each.
NEPTIE = re.compile("^/(v1/api|v1|api)/(?!client/|event|user)")
#: Credentials of others than the first team's environment `dev`.
FOREIGN = ("othr", "twin", "priv", "otha", "sibl", "othk")
#: Endpoints that take nothing but the token of an account.
SESSIONS = ("NeptieLogout", "NeptieChangePassword")
#: A public key of an environment that asks for user tokens, with one that is right or wrong, or with none.
USER_TOKENS = ("utok", "unon", "uoth", "uexp", "ufar", "usib")
_INGEST = "NeptuneIngestEvent"
_LEAD = {"full_name": "A", "email": "a@example.com"}
_OBJECT = {"large": "x" * 65536}


@dataclass(frozen=True)
class Row:
    """One route of the table.

    Parameters
    ----------
    needs : tuple of str
        Permissions that an API token has to have.
    is_open : bool
        Whether nobody is asked for a credential.
    cells : mapping
        Column to status, as far as there is one.
    """

    method: str
    path: str
    needs: tuple[Permission, ...]
    is_open: bool
    cells: Mapping[str, int]

    @property
    def function(self) -> str:
        """The function behind the route."""
        return stack.routes()[self.method, self.path]


def rows() -> list[Row]:
    """Return the rows of the first table, those of Neptie for each of its prefixes."""
    return [row for row in _both() if not of_clients(row)]


def rows_with_user_tokens() -> list[Row]:
    """Return the rows of the second table, which is about the Client API."""
    return [row for row in _both() if of_clients(row)]


def _both() -> list[Row]:
    lines = [line.split() for line in FILE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    columns: list[str] = []
    found: list[Row] = []
    for line in lines:
        if line[0] == "route":
            columns = line[2:]
            continue
        method, path, needs, *statuses = line
        assert len(statuses) == len(columns), f"{method} {path} has {len(statuses)} cells of {len(columns)}"
        cells = {name: int(text) for name, text in zip(columns, statuses, strict=True) if text != "-"}
        permissions: Any = () if needs in ("-", "open") else tuple(needs.split("+"))
        paths = [path]
        if NEPTIE.match(path):
            paths = [NEPTIE.sub(prefix, path) for prefix in ("/api/", "/v1/", "/v1/api/")]
        found += [Row(method, each, permissions, needs == "open", cells) for each in paths]
    return found


def of_clients(row: Row) -> bool:
    """Tell whether a row is of the second table."""
    return "utok" in row.cells


#: What is changed of the good sample where it does not suit every cell.
REQUESTS: Mapping[str, Callable[[Call], Call]] = {
    # The preflight, which is answered to anybody: see test_cors.
    "ClientRefuseRequest": lambda _: Call("GET", "/api/client/campaigns"),
    # One with an external id, for which alone a user token is asked for.
    "ClientTrackEvent": lambda call: replace(call, body=b'{"external_id": "EXTERNAL_ID", "event": "Opened"}'),
    # Somebody has the sample's address already.
    "VibetraceCreateUser": lambda call: replace(call, body=b'{"email": "new@example.com"}'),
    # Nobody is to be made.
    "VibetraceUpdateUser": lambda call: replace(call, query={}),
}

#: One more than a body may hold.
TOO_MANY: Mapping[str, Callable[[Any], Any]] = {
    _INGEST: lambda body: {**body, "contact_infos": [{"type": "email", "value": "a@example.com"}] * 51},
    "NeptunePostEvent": lambda body: {**body, "contact_infos": [{"type": "email", "value": "a@example.com"}] * 51},
    "NeptuneCreateUser": lambda body: {**body, "meta": _OBJECT},
    "NeptuneUpdateUser": lambda body: {**body, "meta": _OBJECT},
    "NeptuneAddContactInfo": lambda body: {**body, "meta": _OBJECT},
    "NeptuneUpdateContactInfo": lambda body: {**body, "meta": _OBJECT},
    "ClientIdentifyUser": lambda body: {**body, "data": _OBJECT},
    "ClientRegisterDevice": lambda body: {**body, **_OBJECT},
    "ClientPostEvents": lambda body: body * 1001,
    "ClientTrackEvent": lambda body: [body] * 1001,
    "ClientPostSegmentCalls": lambda body: body * 1001,
    "VibetracePostEvent": lambda body: {**body, "event": {str(number): {} for number in range(21)}},
    "VibetraceCreateUser": lambda body: {**body, **_OBJECT},
    "VibetraceUpdateUser": lambda body: {**body, **_OBJECT},
    "ManageCreateApiToken": lambda body: {**body, "permissions": ["post_events"] * (len(EVERYTHING) + 1)},
    "ManagePutEventType": lambda body: {
        "notifications": [{**body["notifications"][0], "name": str(number)} for number in range(21)]
    },
    "ManageReplayMessage": lambda body: {**body, "force": [str(number) for number in range(1001)]},
    "NeptieImportLeads": lambda _: [_LEAD] * 1001,
    "NeptieCreateCampaign": lambda body: {**body, "target_audience": _OBJECT},
    "NeptieAssignLeads": lambda body: {"lead_ids": body["lead_ids"] * 1001},
    "NeptieRankLeads": lambda body: {"lead_ids": body["lead_ids"] * 1001},
}


def limit(api: str, function: str) -> int:
    """Return how many bytes a body may have."""
    return {"client": 1_048_576}.get(api, 4 * 1024 * 1024 if function == "NeptieImportLeads" else 262_144)


class Requests:
    """Makes the requests of the table.

    Parameters
    ----------
    estate : Estate
        Whose credentials are used.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._alone: dict[tuple[Permission, ...], str] = {}

    def calls(self, row: Row, column: str) -> list[Call]:
        """Return the requests of a cell: one, or for `lack` one per permission that is needed."""
        plain = self._plain(row)
        if column == "none":
            return [plain]
        if column == "lack":
            rest = [tuple(p for p in EVERYTHING if p not in (missing, "admin:all")) for missing in row.needs]
            return [self._bearing(row, plain, self._token(permissions)) for permissions in rest]
        if column in ("larg", "deep", "many"):
            return [_oversized(row, self._bearing(row, plain, self._good(row)), column)]
        placed = self._placed(plain, column, self._good(row))
        if placed is not None:
            return [placed]
        if column == "priv":
            plain = _in_environment(row, plain, PRIVATE)
        if column in USER_TOKENS:
            token = self._estate.first.credentials.user_tokens.get(column)
            plain = replace(plain, headers={**plain.headers, **({"x-user-token": token} if token else {})})
        return [self._bearing(row, plain, self._credential(row, column))]

    def bearing(self, row: Row, credential: str) -> Call:
        """Return the good request of a route with any credential."""
        return self._bearing(row, self._plain(row), credential)

    def _plain(self, row: Row) -> Call:
        """Return the good sample of a route, without a credential."""
        call = to_call(self._event(row.function))
        if row.function in REQUESTS:
            call = REQUESTS[row.function](call)
        headers = {name: text for name, text in call.headers.items() if name not in ("authorization", "x-api-key")}
        path = call.path
        if row.function.startswith("Neptie"):
            prefix = NEPTIE.match(row.path)
            assert prefix is not None
            path = NEPTIE.sub(prefix[0], path)
        if row.path.endswith("/{slash+}"):
            path += "/"
        if row.path.endswith("/users/{rest+}"):  # an id with slashes, which nobody has
            path = path.replace("/users/2/", "/users/2/a/")
        if row.path == "/":
            path = "/"
        body = call.body
        if row.function == _INGEST:
            body = _changed(body, lambda values: {name: values[name] for name in values if name != "api_token"})
        return replace(call, path=path, headers=headers, body=body)

    def _event(self, function: str) -> dict[str, Any]:
        folder = stack.folder(function)
        return sample(f"{folder.parent.name}/{folder.name}", "good", self._estate.values())

    def _token(self, permissions: tuple[Permission, ...]) -> str:
        if permissions not in self._alone:
            self._alone[permissions] = self._estate.first.api_token(*permissions)
        return self._alone[permissions]

    def _good(self, row: Row) -> str:
        credentials = self._estate.first.credentials
        if row.function in SESSIONS:
            return credentials.admin
        return credentials.secret_key if row.function.startswith("Client") else credentials.api_token

    def _credential(self, row: Row, column: str) -> str:
        estate = self._estate
        own = estate.first.credentials
        if column in USER_TOKENS:
            return own.strict_key
        match column:
            case "junk":
                return "junk"
            case "leas":
                return self._token(row.needs or ("read:analytics",))
            case "othr" | "priv":
                return estate.second.credentials.api_token
            case "twin":
                return estate.twin.credentials.api_token
            case "otha":
                return estate.second.credentials.admin
            case "othk":
                return estate.second.credentials.secret_key
            case "stop":
                stopped = estate.stopped.credentials
                return stopped.secret_key if row.function.startswith("Client") else stopped.api_token
            case "unkn":
                return "sk_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
        fields = {
            "forg": own.forged,
            "expi": own.expired,
            "revo": own.revoked,
            "full": own.api_token,
            "admi": own.admin,
            "user": own.user,
            "pk": own.public_key,
            "sk": own.secret_key,
            "sibl": own.sibling_key,
            "gone": own.revoked_key,
            "refr": own.refresh,
            "link": own.link,
            "ubea": own.user_tokens["utok"],
        }
        return fields[column]

    def _bearing(self, row: Row, call: Call, credential: str) -> Call:
        """Put a credential where the route's API has it."""
        if row.function == _INGEST:
            return replace(call, body=_changed(call.body, lambda values: {**values, "api_token": credential}))
        scheme = "" if row.function.startswith("Vibetrace") else "Bearer "
        return replace(call, headers={**call.headers, "authorization": scheme + credential})

    def _placed(self, call: Call, column: str, good: str) -> Call | None:
        """Put a good credential into one place, if that is what the column is about."""

        def header(name: str, text: str) -> Call:
            return replace(call, headers={**call.headers, name: text})

        match column:
            case "bear":
                return header("authorization", f"Bearer {good}")
            case "raw":
                return header("authorization", good)
            case "xkey":
                return header("x-api-key", good)
            case "xjwt":
                return header("x-api-key", self._estate.first.credentials.admin)
            case "basi":
                both = base64.b64encode(f"{good}:{good}".encode()).decode()
                return header("authorization", f"Basic {both}")
            case "cook":
                return header("cookie", f"authorization={good}; api_token={good}; token={good}")
            case "quer":
                names = ("api_token", "token", "access_token", "key", "authorization")
                return replace(call, query={**call.query, **dict.fromkeys(names, good)})
            case "body":
                return replace(call, body=_changed(call.body or b"{}", lambda values: {**values, "api_token": good}))
            case "both":
                there = header("authorization", "Bearer junk")
                there = replace(there, headers={**there.headers, "x-api-key": good})
                return replace(there, body=_changed(call.body or b"{}", lambda values: {**values, "api_token": good}))
        return None


def _oversized(row: Row, call: Call, column: str) -> Call:
    if column == "larg":
        # White space is JSON, so that nothing but the size is wrong with it.
        text = call.body or b"{}"
        length = limit(stack.folder(row.function).parent.name, row.function) + 1
        return replace(call, body=text + b" " * (length - len(text)))
    headers = {**call.headers, "content-type": "application/json"}
    values = _parsed(call.body)
    if column == "many":
        return replace(call, headers=headers, body=json.dumps(TOO_MANY[row.function](values)).encode())
    nested = '{"deep":' * 101 + "1" + "}" * 101
    body = json.dumps({**values, "deep": "DEEP"} if isinstance(values, dict) else [*values, "DEEP"])
    return replace(call, headers=headers, body=body.replace('"DEEP"', nested).encode())


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:  # a form, or CSV
        return {}


def _changed(body: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """Change an object; what is none stays."""
    try:
        values = json.loads(body)
    except ValueError:
        return body
    return json.dumps(change(values)).encode() if isinstance(values, dict) else body


def _in_environment(row: Row, call: Call, environment: str) -> Call:
    """Name another environment wherever a request names one."""
    names = [part for part in row.path.split("/") if part in ("{environment}", "{identifier}")]
    path = call.path.replace("/dev", f"/{environment}", 1) if names else call.path
    query = {name: environment if name == "environment" else text for name, text in call.query.items()}
    body = _changed(
        call.body,
        lambda values: {
            name: environment if name in ("environment", "default_environment") else value
            for name, value in values.items()
        },
    )
    return replace(call, path=path, query=query, body=body)
