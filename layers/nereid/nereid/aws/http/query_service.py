"""SNS: requests are forms, answers are XML.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from nereid.aws.http.answers import Answer
from nereid.aws.http.service import Request, Service, Unreadable, generic_error, unpacked

_VERSION = "2010-03-31"
#: What the two parts of an entry are called, by the map that it is in.
_PARTS = {"MessageAttributes": ("Name", "Value"), "Attributes": ("key", "value")}


class Sns(Service):
    """A client of SNS for operations whose answers are a few texts."""

    def _request(self, operation: str, parameters: dict[str, Any]) -> Request:
        form = [("Action", operation), ("Version", _VERSION), *_flat(parameters)]
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return Request("POST", "/", headers, urlencode(form).encode())

    def _result(self, operation: str, answer: Answer) -> dict[str, Any]:
        root = _parsed(answer)
        result = root.find(f"{{*}}{operation}Result")
        return {} if result is None else _texts(result)

    def _error(self, answer: Answer) -> dict[str, Any]:
        try:
            error = _parsed(answer).find("{*}Error")
        except Unreadable:
            error = None
        if error is None:
            return generic_error(answer)
        return {"Error": {"Code": str(answer.status), "Message": "", **_texts(error)}}


def _flat(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form."""
    for name, value in parameters.items():
        if isinstance(value, str):
            yield name, value
            continue
        key, content_ = _PARTS[name]
        for number, (entry, held) in enumerate(value.items(), 1):
            place = f"{name}.entry.{number}"
            yield f"{place}.{key}", entry
            if isinstance(held, str):
                yield f"{place}.{content_}", held
            else:
                yield from ((f"{place}.{content_}.{part}", text) for part, text in held.items())


def _parsed(answer: Answer) -> ET.Element:
    try:
        return ET.fromstring(unpacked(answer))  # noqa: S314 - it comes from AWS
    except (ET.ParseError, LookupError) as error:  # an encoding that nobody knows is the second
        raise Unreadable(reason="no XML") from error


def _texts(element: ET.Element) -> dict[str, str]:
    return {child.tag.rpartition("}")[2]: child.text or "" for child in element}
