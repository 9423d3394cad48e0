"""The table of routes, and what is written of it into the template."""

from __future__ import annotations

import json

import pytest

from tools import routes
from tools.routes import Route

TEMPLATE = """\
Resources:
  Api:
    paths:
      # <paths: written
      /of/before: {}
      # paths>
    RouteSettings:
      # <limits: written
      # limits>
  Policy:
    Resource:
      # <neptune: written
      # neptune>
"""


def test_a_line_is_a_route_and_a_comment_is_none() -> None:
    assert routes.table("# Neptune\n\nGET  /a/{id}  NeptuneGet\n") == [Route("GET", "/a/{id}", "NeptuneGet")]


def test_alternatives_in_brackets_are_a_route_each() -> None:
    table = routes.table("POST [/api|/v1]/leads[|/{slash+}] F")
    assert [route.path for route in table] == ["/api/leads", "/api/leads/{slash+}", "/v1/leads", "/v1/leads/{slash+}"]


def test_a_route_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="GET /v1/a"):
        routes.table("GET [/api|/v1]/a F\nPOST /v1/a F\nGET /v1/a G")


@pytest.mark.parametrize("line", ["GET /a", "GET /a F auth G"])
def test_a_line_with_too_little_or_too_much_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="unpack"):
        routes.table(line)


def test_limits_that_there_are_not_are_an_error() -> None:
    with pytest.raises(ValueError, match="has authority after F, which is none of auth, public"):
        routes.table("GET /a F authority")


def test_a_route_with_limits_of_its_own_has_them_in_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    table = routes.table("POST /a NeptuneGet auth\n* $default NeptuneGet public\nGET /b NeptuneGet\n")
    monkeypatch.setattr(routes, "table", lambda: table)
    written = routes.write_into(TEMPLATE).partition("<limits: written\n")[2].partition("      # limits>")[0]
    none = "!Ref AWS::NoValue"
    assert written.splitlines() == [
        f'      "{key}": !If [Has{name}Limits, {{ThrottlingRateLimit: !Ref {name}RateLimit, '
        f"ThrottlingBurstLimit: !Ref {name}BurstLimit}}, {none}]"
        for key, name in (("POST /a", "Auth"), ("$default", "Public"))
    ]


def test_what_stands_between_the_marks_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "table", lambda: [Route("GET", "/a", "NeptuneGet"), Route("PUT", "/a", "NeptunePut")])
    written = routes.write_into(TEMPLATE)
    assert "/of/before" not in written
    assert "      /a:\n        get: {x-amazon" in written
    assert "      - !GetAtt NeptuneGet.Arn\n      - !GetAtt NeptunePut.Arn\n      # neptune>" in written
    assert routes.write_into(written) == written


def test_a_template_without_marks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "table", lambda: [Route("GET", "/a", "ClientGet")])
    with pytest.raises(ValueError, match="<client:"):
        routes.write_into(TEMPLATE)


def test_what_is_imported_to_try_has_no_references_left() -> None:
    role = "arn:aws:iam::111122223333:role/any"
    definition = json.loads(routes.importable(role))
    assert len(definition["paths"]) == len({route.path for route in routes.table()})
    integration = definition["paths"]["/health"]["get"]["x-amazon-apigateway-integration"]
    assert integration["credentials"] == role
    assert integration["uri"].endswith(
        "/functions/arn:aws:lambda:us-east-1:111122223333:function:PublicHealth/invocations"
    )
    assert "Fn::" not in json.dumps(definition)
    assert "${" not in json.dumps(definition)
