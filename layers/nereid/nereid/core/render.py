"""Liquid: parse templates when they are configured, fill them in when a delivery is made.

Bounds on output, loops and time keep one template from holding up the others; see docs/templates.md.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any

import liquid
from liquid.exceptions import LiquidError

from nereid.errors import Invalid
from nereid.models.event_type import EmailTemplate, PushTemplate, SmsTemplate, Template
from nereid.ports import Rendered

#: Longest output of one template string, in characters.
MAX_OUTPUT = 262144
#: Longest time that one delivery's templates may take, in seconds.
MAX_SECONDS = 2.0
#: What is kept of what went wrong: characters of the reason, and how many missing variables of which length.
_MAX_REASON, _MAX_MISSING, _MAX_NAME = 500, 20, 200


class TemplateFailed(Exception):
    """A template could not be filled in; the text says why, without any value."""


class _Liquid(liquid.Environment):
    # The library counts bytes; the exact count of characters is checked after.
    output_stream_limit = MAX_OUTPUT * 4
    loop_iteration_limit = 100_000
    local_namespace_limit = 10_000_000


#: Names that the rendering at hand asked for and nobody gave. A function renders one delivery at a time.
_missing: list[str] = []


class _Noted(liquid.Undefined):
    """A variable that nobody gave: renders as nothing, and is noted."""

    __slots__ = ()

    def __str__(self) -> str:
        # The hint names the whole path, `user.plan`, where one of its later parts is missing.
        path = (self.hint or "").removesuffix(" is undefined").strip("'")
        name = (path if path.startswith(f"{self.name}.") else str(self.name))[:_MAX_NAME]
        if name not in _missing and len(_missing) < _MAX_MISSING:
            _missing.append(name)
        return ""


_TEXT = _Liquid(undefined=_Noted)
_HTML = _Liquid(undefined=_Noted, autoescape=True)
for _environment in (_TEXT, _HTML):
    for _tag in ("include", "render"):  # there are no files to include
        del _environment.tags[_tag]


@lru_cache(maxsize=512)
def _parse(source: str, *, html: bool = False) -> liquid.BoundTemplate:
    return (_HTML if html else _TEXT).from_string(source)


def _condition(when: str) -> str:
    return "{% if " + when + " %}1{% endif %}"


def check_template(field: str, source: str, *, html: bool = False) -> None:
    """Parse a template string.

    Raises
    ------
    Invalid
        On `field`, with the line, if it does not parse.
    """
    try:
        template = _parse(source, html=html)
    except LiquidError as error:
        context = error.context()
        line = context[0] if context else 1
        raise Invalid({field: f"template does not parse: {error.message}"}, line=line) from error
    except RecursionError as error:
        raise Invalid({field: "template does not parse: nested too deeply"}, line=1) from error
    for name, places in template.analyze().filters.items():
        if name not in _TEXT.filters:
            line = source.count("\n", 0, places[0].index) + 1
            raise Invalid({field: f"template does not parse: unknown filter '{name}'"}, line=line)


def check_condition(field: str, when: str) -> None:
    """Parse a `when` condition; `Invalid` on `field` if it is none."""
    if "%}" in when or "{%" in when:
        raise Invalid({field: "template does not parse: a condition only, without tags"}, line=1)
    check_template(field, _condition(when))


def holds(when: str | None, variables: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds. One that fails while it is evaluated does not.

    Without a condition, everything holds.
    """
    if when is None:
        return True
    try:
        with _time_limit():
            return bool(_parse(_condition(when)).render(variables))
    except Exception:  # noqa: BLE001 - a filter or comparison can fail in any way on values that callers choose
        return False


def uses(template: Template, variable: str) -> bool:
    """Tell whether any string of a template names a variable."""
    texts = _strings(template.model_dump(exclude={"from_"}))
    return any(variable in _parse(text).global_variables() for text in texts)


def render(template: Template, variables: Mapping[str, Any]) -> Rendered:
    """Fill in all strings of a template.

    Raises
    ------
    TemplateFailed
        If one fails, takes too long or grows too large.
    """
    _missing.clear()
    members: dict[str, Any]
    with _time_limit():
        match template:
            case EmailTemplate():
                members = {
                    "subject": _one_line(_render(template.subject, variables)),
                    "text": _render(template.text, variables),
                }
                if template.html:
                    members["html"] = _render(template.html, variables, html=True)
                if template.from_:
                    members["from"] = _one_line(template.from_)
            case SmsTemplate():
                members = {"text": _render(template.text, variables)}
            case PushTemplate():
                members = {
                    "title": _one_line(_render(template.title, variables)),
                    "body": _render(template.body, variables),
                }
                if template.data is not None:
                    members["data"] = _render_values(template.data, variables)
    return Rendered(members, list(_missing))


def _render(source: str, variables: Mapping[str, Any], *, html: bool = False) -> str:
    try:
        text = _parse(source, html=html).render(variables)
    except TemplateFailed:
        raise
    except LiquidError as error:
        raise TemplateFailed(str(error.message)[:_MAX_REASON]) from error
    except Exception as error:  # as in `holds`: a template must never keep its delivery from ending
        raise TemplateFailed(type(error).__name__) from error
    if len(text) > MAX_OUTPUT:
        raise TemplateFailed(f"output is longer than {MAX_OUTPUT} characters")
    return str(text)


def _render_values(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _render(value, variables)
    if isinstance(value, dict):
        return {key: _render_values(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_render_values(item, variables) for item in value]
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).strip()


@contextmanager
def _time_limit() -> Iterator[None]:
    """Stop what runs inside after `MAX_SECONDS`.

    Only a signal can stop a filter in the middle of its work, and signals reach the main thread alone; Lambda
    runs handlers there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TemplateFailed(f"took longer than {MAX_SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
