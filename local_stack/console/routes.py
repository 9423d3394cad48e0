"""Answers everything under /_local: the outbox, the feedback, and the page that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_stack.compute.functions import Outcome
from local_stack.console.feedback import BOUNCE_MEMBERS, BOUNCE_TYPES, EMAIL_TYPES, PUSH_FAILURE, TYPES, Feedback
from local_stack.console.outbox import Outbox
from local_stack.http.gateway import HEADERS, Request, Response, message
from local_stack.http.server import QUIET

PREFIX = "/_local"
#: The console shows what was sent, too.
OUTBOX_PLACE = "/console/outbox"
#: How many a list has at most.
_MOST = 500
_ONE = re.compile(r"/outbox/(?P<id>[^/]+)(?P<part>/source)?")


class Helpers:
    """The helpers of the local stack.

    Parameters
    ----------
    outbox : Outbox
        What was handed over.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.feedback: Feedback | None = None
        #: Gives the function that makes teams its payload, as an operator does.
        self.make_team: Callable[[Any], Outcome] | None = None
        #: What the console signs in with, so that whoever starts a stack of their own sees something at once, and how
        #: often paths are decoded.
        self.session: dict[str, Any] = {"api_token": None, "environment": None, "aws_paths": False}

    def handle(self, request: Request) -> Response:
        """Answer a request.

        Parameters
        ----------
        request : Request
            Its path begins with /_local.

        Returns
        -------
        Response
            The page, the outbox, or the result of the feedback.
        """
        path = request.path.removeprefix(PREFIX)
        handlers = {
            ("GET", ""): self._redirect,
            ("GET", "/"): self._redirect,
            ("GET", "/session"): self._session,
            ("GET", "/outbox"): self._list,
            ("DELETE", "/outbox"): lambda _: self._delete(None),
            ("GET", "/sent"): self._summarise,
            ("POST", "/feedback"): self._report,
            ("POST", "/team"): self._make_team,
        }
        method = "GET" if request.method == "HEAD" else request.method
        handler = handlers.get((method, path)) or self._about_one(method, path)
        response = handler(request) if handler else message(404, "Not Found")
        # The page asks often, and its requests would bury those of the product.
        response.route = QUIET if request.method == "GET" else "local"
        response.headers = [*response.headers, *(each for each in HEADERS if each not in response.headers)]
        return response

    def _redirect(self, _: Request) -> Response:
        return Response(302, [("Location", OUTBOX_PLACE)])

    def _session(self, _: Request) -> Response:
        return _json(200, self.session)

    def _list(self, request: Request) -> Response:
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        return _json(200, {"messages": self._outbox.messages(query.get("to"))})

    def _summarise(self, request: Request) -> Response:
        changes = self._outbox.changes
        # Who follows the outbox asks every other second, mostly for what has not changed.
        if dict(parse_qsl(request.query)).get("known") == str(changes):
            return _json(200, {"changes": changes, "messages": None, "most": _MOST})
        return _json(200, {"changes": changes, "messages": self._outbox.summaries(_MOST), "most": _MOST})

    def _about_one(self, method: str, path: str) -> Callable[[Request], Response] | None:
        found = _ONE.fullmatch(path)
        if found is None:
            return None
        message_id, part = unquote(found["id"]), found["part"]
        if part:
            return (lambda _: self._source(message_id)) if method == "GET" else None
        return {
            "GET": lambda _: self._show(message_id),
            "DELETE": lambda _: self._delete(message_id),
        }.get(method)

    def _show(self, message_id: str) -> Response:
        entries = self._outbox.find(message_id)
        if not entries:
            return message(404, "Not Found")
        sent = self._outbox.sent_email(message_id)
        reports = EMAIL_TYPES if sent else (PUSH_FAILURE,) if self._outbox.sent_push(message_id) else ()
        return _json(200, {"messages": entries, "tags": sent.tags if sent else {}, "reports": reports})

    def _source(self, message_id: str) -> Response:
        source = self._outbox.source(message_id)
        return message(404, "Not Found") if source is None else _json(200, {"source": source})

    def _delete(self, message_id: str | None) -> Response:
        deleted = self._outbox.delete(message_id)
        return message(404, "Not Found") if message_id and not deleted else _json(200, {"deleted": deleted})

    def _make_team(self, request: Request) -> Response:
        """Answer as the function does, or with the error that it raised, as Lambda tells it to who invokes it."""
        # A page of another site cannot send this type without being asked first whether it may.
        if request.header("content-type") != "application/json":
            return message(415, "The body must be application/json")
        try:
            body = json.loads(request.body)
        except ValueError:
            return message(400, "Invalid JSON")
        if self.make_team is None:
            return message(503, "Service Unavailable")
        outcome = self.make_team(body)
        return _json(200, outcome.error if outcome.error is not None else json.loads(outcome.result or b"{}"))

    def _report(self, request: Request) -> Response:
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            return message(400, "Invalid JSON")
        if not isinstance(body, dict):
            return message(400, "The body must be a JSON object")
        errors = _problems(body)
        if errors:
            return _json(422, {"message": "Validation failed", "errors": errors})
        if self.feedback is None:
            return message(503, "Service Unavailable")
        message_id = body["provider_message_id"]
        if body["type"] == PUSH_FAILURE:
            endpoint = self._outbox.sent_push(message_id)
            if endpoint is None:
                return message(404, "Not Found")
            self.feedback.report_push(endpoint, message_id, body.get("failure_type") or "InvalidPlatformToken")
            return _json(202, {"status": "accepted"})
        sent = self._outbox.sent_email(message_id)
        if sent is None:
            return message(404, "Not Found")
        if body.get("recipient") not in (None, *sent.recipients, *sent.copies):
            problem = {"field": "recipient", "message": "must be an address that the e-mail went to"}
            return _json(422, {"message": "Validation failed", "errors": [problem]})
        said = {name: body[name] for name in ("recipient", *BOUNCE_MEMBERS) if body.get(name) is not None}
        self.feedback.report(sent, body["type"], body.get("bounce_type") or "Permanent", body.get("link"), said)
        return _json(202, {"status": "accepted"})


def _json(status: int, content: Any) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(content, ensure_ascii=False).encode())


def _problems(body: Mapping[str, Any]) -> list[dict[str, str]]:
    problems = []
    if body.get("provider_message_id") in (None, ""):
        problems.append({"field": "provider_message_id", "message": "is required"})
    elif not isinstance(body["provider_message_id"], str):
        problems.append({"field": "provider_message_id", "message": "must be a string"})
    if body.get("type") in (None, ""):
        problems.append({"field": "type", "message": "is required"})
    elif body["type"] not in TYPES:
        problems.append({"field": "type", "message": f"must be one of {', '.join(TYPES)}"})
    if body.get("bounce_type") not in (None, *BOUNCE_TYPES):
        problems.append({"field": "bounce_type", "message": f"must be one of {', '.join(BOUNCE_TYPES)}"})
    texts = [
        name
        for name in ("link", "failure_type", "recipient", *BOUNCE_MEMBERS)
        if not isinstance(body.get(name), str | None)
    ]
    problems += [{"field": name, "message": "must be a string"} for name in texts]
    return problems
