"""Liquid: parse templates when they are configured, fill them in when a delivery is made.

Bounds on output, loops and time keep one template from holding up the others; see docs/templates.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import liquid
from cachetools import LRUCache
from liquid.exceptions import LiquidError

from nereid.core.html_text import text_of
from nereid.core.memory_limit import memory_limit
from nereid.core.one_line import one_line
from nereid.core.templates import sandbox
from nereid.core.templates.links import refused_links, refused_scheme, without_refused_links
from nereid.core.templates.mail_parts import fill_parts
from nereid.core.templates.mistakes import first_mistake
from nereid.core.templates.rendering import ANYWHERE, Locality, Missing, begin, current
from nereid.core.time_limit import time_limit
from nereid.errors import Invalid, TemplateFailed
from nereid.models.delivery import File, Rendered
from nereid.models.event_type import AppTemplate, EmailTemplate, PushTemplate, SmsTemplate, Template

MAX_OUTPUT = sandbox.MAX_OUTPUT
#: Most characters that SNS takes for one SMS, of which it makes several where they do not fit into one.
#: Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SMS = 1600
#: Longest output of all strings of a template together, in characters.
MAX_OUTPUTS = 10 * MAX_OUTPUT
#: Parsed templates that are kept, in characters of their source; those of tags count as several.
_MAX_KEPT, _IN_TAGS = 400_000, 4
#: Longest reason of a failure, in characters.
_MAX_REASON = 500

_EMPTY = re.compile(r"\{\{-?\s*-?\}\}")
#: A number at an app's icon, up to :data:`nereid.models.event_type.MAX_BADGE`.
_BADGE = re.compile(r"[0-9]{1,9}")


_TEXT = sandbox.Environment(Missing)
_HTML = sandbox.Environment(Missing, autoescape=True)


class _Parsed:
    """A parsed template, as it is kept."""

    def __init__(self, source: str, *, html: bool) -> None:
        in_tags = sandbox.check_source(source)
        self.size = len(source) + (_IN_TAGS - 1) * in_tags + 100
        self.template = (_HTML if html else _TEXT).from_string(source)

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that it names; to find them takes longer than to fill it in."""
        return frozenset(self.template.global_variables())


#: By source and kind.
_parsed: LRUCache[tuple[str, bool], _Parsed] = LRUCache(_MAX_KEPT, lambda kept: kept.size)


def _kept(source: str, *, html: bool = False) -> _Parsed:
    kept = _parsed.get((source, html))
    if kept is None:
        kept = _parsed[source, html] = _Parsed(source, html=html)
    return kept


def _parse(source: str, *, html: bool = False) -> liquid.BoundTemplate:
    return _kept(source, html=html).template


def _condition(when: str) -> str:
    return "{% if " + when + " %}1{% endif %}"


def check_template(field: str, source: str, *, html: bool = False) -> None:
    """Parse a template string, and look for mistakes that show without data.

    Raises
    ------
    Invalid
        On `field`, with the line.
    """
    try:
        with time_limit(), memory_limit():
            mistake = first_mistake(_parse(source, html=html), source)
    except LiquidError as error:
        context = error.context()
        line = context[0] if context else _line_of_nothing(source)
        # The library hides unexpected errors; a template that takes too long or nests too deeply is expected.
        text = _parsing_failed(error.__cause__) if error.__cause__ else error.message
        raise Invalid({field: f"template does not parse: {text}"}, line=line) from error
    except (TemplateFailed, RecursionError) as error:
        raise Invalid({field: f"template does not parse: {_parsing_failed(error)}"}, line=1) from error
    if mistake:
        line = source.count("\n", 0, mistake.position) + 1
        raise Invalid({field: f"template does not parse: {mistake.text}"}, line=line)


def _line_of_nothing(source: str) -> int:
    """Return the line of an output of nothing: of all mistakes, it alone has no place of its own."""
    empty = _EMPTY.search(source)
    return source.count("\n", 0, empty.start()) + 1 if empty else 1


def _parsing_failed(error: BaseException) -> str:
    match error:
        case TemplateFailed():
            return str(error)
        case RecursionError():
            return "nested too deeply"
        case LiquidError():
            return str(error.message)
    return "unexpected liquid parsing error"


def check_links(field: str, source: str) -> None:
    """Check the links of a template of HTML as far as they show without data.

    Raises
    ------
    Invalid
        On `field`, with the line.
    """
    for each, scheme in refused_links(source):
        line = source.count("\n", 0, each.start) + 1
        raise Invalid({field: f"{each.name} must not begin with {scheme}:"}, line=line)


def check_condition(field: str, when: str) -> None:
    """Parse a `when` condition; `Invalid` on `field` if it is none."""
    if "%}" in when or "{%" in when:
        raise Invalid({field: "template does not parse: a condition only, without tags"}, line=1)
    check_template(field, _condition(when))


def holds(when: str | None, variables: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds. Without a condition, everything does.

    Raises
    ------
    TemplateFailed
        If it cannot be evaluated with these variables, or takes too long.
    """
    if when is None:
        return True
    rendering = begin()
    with time_limit(), memory_limit():
        if _render(_condition(when), variables):
            return True
    if rendering.notes:
        raise TemplateFailed(rendering.notes[0])
    return False


def uses(template: Template, variable: str) -> bool:
    """Tell whether any string of a template names a variable; `TemplateFailed` if that takes too long to find out."""
    # As `render` parses them, so that nothing is parsed for this alone.
    html = template.html if isinstance(template, EmailTemplate | AppTemplate) else None
    try:
        with time_limit(), memory_limit():
            return any(
                variable in _kept(text, html=text == html).variables
                for text in _strings(template.model_dump(exclude={"from_"}))
            )
    except (LiquidError, RecursionError) as error:
        raise TemplateFailed(_parsing_failed(error)) from error


def render(
    template: Template,
    variables: Mapping[str, Any],
    locality: Locality = ANYWHERE,
    *,
    fail_if_missing: bool = False,
    to: str = "",
    from_public: bool = False,
) -> Rendered:
    """Fill in all strings of a template. Data that do not fit are noted, and what they cannot make is left out.

    Parameters
    ----------
    locality
        The language and the time zone of its reader.
    fail_if_missing
        Whether it fails for want of a variable that nobody gave.
    to, from_public
        Of an e-mail: its recipient, and whether a public key sent the event.

    Raises
    ------
    TemplateFailed
        If one takes too long or grows too large, or a variable is missing that must not be.
    """
    rendering = begin(locality)
    members: dict[str, Any]
    tracking = False
    files: Sequence[File] = ()
    with time_limit(), memory_limit():
        match template:
            case EmailTemplate():
                tracking = template.tracking
                try:
                    members, files = _email(template, variables, to, from_public=from_public)
                except TemplateFailed:
                    if not (fail_if_missing and rendering.wanted):
                        raise
                    members = {}  # it fails for what is missing, which says more than what that led to
            case SmsTemplate():
                members = {"text": _render(template.text, variables)}
                if len(members["text"]) > MAX_SMS:
                    raise TemplateFailed(f"text is longer than {MAX_SMS} characters, which SNS refuses")
            case AppTemplate() | PushTemplate():
                members = {
                    "title": one_line(_render(template.title, variables)),
                    "body": _render(template.body, variables),
                }
                if template.data is not None:
                    members["data"] = _render_values(template.data, variables)
                if isinstance(template, PushTemplate):
                    members |= _push_members(template, variables)
                else:
                    members |= _app_members(template, variables)
                    _drop_links(members)
    if fail_if_missing and rendering.wanted:
        raise TemplateFailed(f"missing: {rendering.wanted[0]}", rendering.missing)
    return Rendered(members, rendering.missing, tracking=tracking, files=files, notes=rendering.notes)


def _email(
    template: EmailTemplate, variables: Mapping[str, Any], to: str, *, from_public: bool
) -> tuple[dict[str, Any], Sequence[File]]:
    """Return the members of an e-mail, and its files."""
    members = {"subject": one_line(_render(template.subject, variables)), "text": ""}
    if template.text:
        members["text"] = _render(template.text, variables)
    if template.html:
        members["html"] = _html(template.html, variables)
    try:
        if template.text is None:
            members["text"] = text_of(members.get("html", ""))
        if template.from_:
            members["from"] = one_line(template.from_)
        parts, files = fill_parts(template, to, partial(_render, variables=variables), from_public=from_public)
    except TemplateFailed as error:
        raise TemplateFailed(str(error), current().missing) from error
    except MemoryError:
        raise
    except Exception as error:  # as for templates themselves
        raise TemplateFailed(type(error).__name__) from error
    return {**members, **parts}, files


def _html(source: str, variables: Mapping[str, Any]) -> str:
    """Fill in HTML. Links that data made lead nowhere if they would run something."""
    text, schemes = without_refused_links(_render(source, variables, html=True))
    for scheme in dict.fromkeys(schemes):
        current().note(f"html: a link must not begin with {scheme}:")
    return text


def _app_members(template: AppTemplate, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the app is to show a notification. What is empty once it is filled in is left out."""
    members: dict[str, Any] = {"read_on_show": template.read_on_show, "expires_in": template.expires_in}
    if template.html:
        members["html"] = _html(template.html, variables)
    for name in ("image", "action_url"):
        source = getattr(template, name)
        members[name] = one_line(_render(source, variables)).strip() if source is not None else None
    return {name: value for name, value in members.items() if value not in (None, "")}


def _drop_links(members: dict[str, Any]) -> None:
    """Leave out where an app must not lead, which data gave: a page would put it into a link."""
    for path, holder in {"action_url": members, "data.action_url": members.get("data") or {}}.items():
        link = holder.get("action_url")
        scheme = refused_scheme(link) if isinstance(link, str) else None
        if scheme is not None:
            del holder["action_url"]
            current().note(f"{path}: it must not begin with {scheme}:")


def _push_members(template: PushTemplate, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the device is to show a push. What is empty once it is filled in is left out."""
    members: dict[str, Any] = {"priority": template.priority, "time_to_live": template.time_to_live}
    for name in ("sound", "channel", "collapse"):
        source = getattr(template, name)
        members[name] = one_line(_render(source, variables)) if source is not None else None
    members["badge"] = template.badge
    if isinstance(template.badge, str):
        text = _render(template.badge, variables).strip()
        is_number = _BADGE.fullmatch(text) is not None
        if text and not is_number:
            current().note("badge: it is no whole number")
        members["badge"] = int(text) if is_number else None
    return {name: value for name, value in members.items() if value not in (None, "")}


def _render(source: str, variables: Mapping[str, Any], *, html: bool = False) -> str:
    try:
        text = _parse(source, html=html).render(variables)
    except (TemplateFailed, MemoryError):
        raise
    except LiquidError as error:
        raise TemplateFailed(str(error.message)[:_MAX_REASON]) from error
    except Exception as error:  # a template must never keep its delivery from ending
        raise TemplateFailed(type(error).__name__) from error
    if len(text) > MAX_OUTPUT:
        raise TemplateFailed(f"output is longer than {MAX_OUTPUT} characters")
    lengths = current().lengths
    lengths.append(len(text))
    if sum(lengths) > MAX_OUTPUTS:
        raise TemplateFailed(f"output is longer than {MAX_OUTPUTS} characters in all")
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
