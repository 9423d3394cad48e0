"""Makes the demo team, environments and keys through the product itself, and writes local.json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_stack.compute.functions import Outcome
from local_stack.http.gateway import Request, Response
from local_stack.settings import StartError
from local_stack.terminal import warn

ENVIRONMENT = "dev"
MOCK_ENVIRONMENT = "sandbox"
ACCOUNT = {"email": "admin@example.com", "password": "local-password"}
CREATE_TEAM = "ManageCreateTeam"
#: A developer's tests make environments, keys and event types without end in the demo's team.
_QUOTA_TIMES = 1000


class BootstrapError(StartError):
    """Raised when the product refuses a request of the demo."""


class Product:
    """The product as a client sees it, before it is open to others.

    Parameters
    ----------
    handle : callable
        The gateway.
    base_url : str
        Where it is served.
    token : str
        API token.
    """

    def __init__(self, handle: Callable[[Request], Response], base_url: str, token: str) -> None:
        self._handle = handle
        self._host = base_url.partition("://")[2]
        self._token = token

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Make one request.

        Parameters
        ----------
        method : str
            In capitals.
        path : str
            Of an endpoint.
        body : mapping, optional
            Sent as JSON.

        Returns
        -------
        Any
            The answer; None when the product has no such endpoint yet.

        Raises
        ------
        BootstrapError
            When the answer is an error.
        """
        headers = [("Host", self._host), ("Authorization", f"Bearer {self._token}"), ("User-Agent", "nereid-local")]
        data = b""
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            data = json.dumps(body).encode()
        response = self._handle(Request(method, path, headers=headers, body=data))
        if response.status == 404:
            return None
        if response.status != 200:
            raise BootstrapError(
                f"{method} {path} answered {response.status}: {response.body.decode(errors='replace')}"
            )
        return json.loads(response.body)


def make_demo(
    invoke: Callable[[str, Any], Outcome],
    offered: Callable[[str], bool],
    handle: Callable[[Request], Response],
    base_url: str,
) -> dict[str, Any]:
    """Create the team, tokens and keys that a developer needs to try the product.

    Parameters
    ----------
    invoke : callable
        Runs a function by its logical id.
    offered : callable
        Tells whether the template has a function.
    handle : callable
        The gateway.
    base_url : str
        Where it is served.

    Returns
    -------
    dict
        The content of local.json; members that the product does not offer are None.

    Raises
    ------
    BootstrapError
        When the product refuses something.
    """
    demo: dict[str, Any] = {
        "base_url": base_url,
        "environment": ENVIRONMENT,
        "mock_environment": MOCK_ENVIRONMENT,
        "api_token": None,
        "public_key": None,
        "secret_key": None,
        "event_api_key": None,
        "account": None,
        "service_api_key": None,
    }
    if not offered(CREATE_TEAM):
        warn(f"the template has no {CREATE_TEAM}: there is no demo team")
        return demo
    team = {"name": "Local", "environment": ENVIRONMENT, "senders": ["*"], "quota_times": _QUOTA_TIMES}
    outcome = invoke(CREATE_TEAM, {**team, "account": {**ACCOUNT, "full_name": "Local Admin"}})
    if outcome.error is not None and outcome.error["errorType"] == "AlreadyExists":
        # Another emulator keeps its data: an earlier start made the account, and it belongs to the team of then.
        warn(f"the account {ACCOUNT['email']} exists already and belongs to an earlier demo team")
        outcome = invoke(CREATE_TEAM, team)
    if outcome.error is not None or outcome.result is None:
        reason = outcome.error or {}
        raise BootstrapError(f"{CREATE_TEAM} failed: {reason.get('errorType')}: {reason.get('errorMessage')}")
    answer = json.loads(outcome.result)
    token = answer.get("api_token") if isinstance(answer, dict) else None
    if not token:
        raise BootstrapError(f"{CREATE_TEAM} gave no api_token: {outcome.result[:500]}")
    # One token serves every API that takes a token of the team.
    demo.update(api_token=token, event_api_key=token, service_api_key=token)
    demo["account"] = dict(ACCOUNT) if answer.get("account") else None
    product = Product(handle, base_url, token)
    listed = product.call("GET", "/manage/environments") or {}
    there = {environment["identifier"] for environment in listed.get("data", [])}
    if ENVIRONMENT not in there:
        product.call("POST", "/manage/environments", {"identifier": ENVIRONMENT, "name": "Development"})

    def mock() -> None:
        if MOCK_ENVIRONMENT not in there:
            product.call(
                "POST", "/manage/environments", {"identifier": MOCK_ENVIRONMENT, "name": "Sandbox", "mock": True}
            )

    def key(scope: str) -> str | None:
        made = product.call("POST", "/manage/client_keys", {"environment": ENVIRONMENT, "scope": scope})
        return made["key"] if made else None

    with ThreadPoolExecutor(2) as pool:
        sandbox = pool.submit(mock)
        public, secret = pool.map(key, ("public", "secret"))
        sandbox.result()
    demo.update(public_key=public, secret_key=secret)
    return demo


def write(path: Path, content: Any) -> None:
    """Write a JSON file as a whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    content : Any
        What JSON holds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def welcome(demo: Mapping[str, Any], aws: str, seconds: float, state: Path) -> str:
    """Tell a developer the URL, the credentials and commands to paste.

    Parameters
    ----------
    demo : mapping
        The content of local.json.
    aws : str
        URL of the AWS endpoint.
    seconds : float
        How long the start took.
    state : Path
        Where local.json is.

    Returns
    -------
    str
        Several lines.
    """
    base, token = demo["base_url"], demo["api_token"]
    lines = [
        "",
        f"Nereid is ready at {base} ({seconds:.1f} s)",
        "",
        f"  What was sent     {base}/_local/",
        f"  API token         {token}",
        f"  Public key        {demo['public_key']}",
        f"  Secret key        {demo['secret_key']}",
        f"  Environments      {demo['environment']}, and {demo['mock_environment']} (mock)",
        f"  All of it         {state}",
        f"  AWS endpoint      {aws}",
    ]
    account = demo.get("account")
    if account:
        lines.append(f"  Account           {account['email']} / {account['password']}")
    if token:
        event_type = {
            "notifications": [
                {
                    "name": "mail",
                    "channel": "email",
                    "template": {
                        "subject": "Your code is {{ otp }}",
                        "text": "Your code is {{ otp }}.",
                        "html": "<p>Your code is <b>{{ otp }}</b>.</p>",
                    },
                }
            ]
        }
        event = {
            "environment": demo["environment"],
            "api_token": token,
            "event_type": "login_otp",
            "data": {"otp": 123456},
            "contact_infos": [{"type": "email", "value": "sam@example.com"}],
        }
        url, header = (
            f"{base}/manage/{demo['environment']}/event_types/login_otp",
            "-H 'Content-Type: application/json'",
        )
        lines += [
            "",
            "Say what an event sends, then let one happen:",
            "",
            f"curl -X PUT {url} -H 'Authorization: Bearer {token}' {header} -d '{json.dumps(event_type)}'",
            "",
            f"curl {base}/neptune/events/ingest {header} -d '{json.dumps(event)}'",
        ]
    return "\n".join([*lines, ""])
