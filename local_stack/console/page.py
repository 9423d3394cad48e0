"""Renders the page at /_local/: the sent mails, SMS and pushes, newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from local_stack.console.feedback import TYPES

_TEMPLATE = Path(__file__).with_name("page.html")
_SHOWN = 200


def render(messages: Sequence[Mapping[str, Any]]) -> str:
    """Render the page.

    Parameters
    ----------
    messages : sequence of dict
        As /_local/outbox lists them, oldest first.

    Returns
    -------
    str
        HTML in which everything from outside is escaped; HTML e-mails sit in frames without rights.
    """
    total = len(messages)
    first = max(0, total - _SHOWN)
    cards = [_card(number, message) for number, message in enumerate(messages[first:], first)]
    count = f"{total} sent" + (f", the last {_SHOWN} shown" if first else "")
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        cards="\n".join(reversed(cards)), count=count if total else "", hide_none=" hidden" if total else ""
    )


def _card(number: int, message: Mapping[str, Any]) -> str:
    channel = escape(str(message["channel"]))
    identifier = escape(str(message["provider_message_id"]), quote=True)
    sender = f' <span class="from">from {escape(str(message["from"]))}</span>' if message["from"] else ""
    moment = escape(str(message["at"]))
    return (
        f'<article id="m{number}-{identifier}" class="{channel}" data-message="{identifier}">'
        f'<div class="head"><span class="channel">{channel}</span>'
        f'<span class="to">{escape(str(message["to"]))}{sender}</span>'
        f'<time class="at" datetime="{moment}">{moment[11:19]} UTC</time></div>'
        f'<div class="body">{_email(message) if channel == "email" else _short(message)}</div></article>'
    )


def _email(message: Mapping[str, Any]) -> str:
    parts = [f"<h2>{escape(str(message['subject']))}</h2>"]
    text = f"<pre>{escape(str(message['text'] or ''))}</pre>"
    if message["html"]:
        title = f'title="{escape(str(message["subject"]), quote=True)}"'
        parts.append(
            f'<iframe sandbox {title} loading="lazy" srcdoc="{escape(str(message["html"]), quote=True)}"></iframe>'
        )
        if message["text"]:
            parts.append(f"<details><summary>Text</summary>{text}</details>")
    else:
        parts.append(text)
    buttons = "".join(f'<button type="button" data-type="{kind}">{kind}</button>' for kind in TYPES)
    feedback = f'<div class="feedback">Report back: {buttons}</div>'
    copies = {name: ", ".join(message.get(name.lower()) or []) for name in ("Cc", "Bcc")}
    shown = {name: addresses for name, addresses in copies.items() if addresses}
    headers = {**shown, **(message["headers"] or {}), "Message id": message["provider_message_id"]}
    parts += [_file(file) for file in message.get("attachments") or []]
    return "".join([*parts, f"<details><summary>Details and feedback</summary>{_pairs(headers)}{feedback}</details>"])


def _file(file: Mapping[str, Any]) -> str:
    said = f"{file['filename']} ({file['content_type']}, {file['size']} bytes)"
    return f'<p class="file">{escape(said)}</p>'


def _short(message: Mapping[str, Any]) -> str:
    title = f"<h2>{escape(str(message['title']))}</h2>" if message["title"] else ""
    body = message["text"] if message["channel"] == "sms" else message["body"]
    data = ""
    if message["data"]:
        data = f'<pre class="code">{escape(json.dumps(message["data"], indent=2, ensure_ascii=False))}</pre>'
    return f"{title}<pre>{escape(str(body or ''))}</pre>{data}"


def _pairs(pairs: Mapping[str, Any]) -> str:
    items = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in pairs.items())
    return f"<dl>{items}</dl>"
