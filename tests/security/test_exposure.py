"""What the template opens to the world, and to its own log."""

from __future__ import annotations

import re

from tests.infrastructure import stack

#: What the API's log may say of a request.
LOGGED = {
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLatency",
    "integrationLatency",
    "responseLength",
    "integrationErrorMessage",
}


def test_the_apis_log_names_routes_and_neither_paths_nor_callers() -> None:
    for api in stack.of_type("AWS::ApiGatewayV2::Stage").values():
        form = api["Properties"]["AccessLogSettings"]["Format"]
        assert set(re.findall(r"\$context\.([\w.]+)", form)) <= LOGGED


def test_a_function_is_invoked_by_the_stack_alone() -> None:
    assert stack.of_type("AWS::Lambda::Url") == {}
    # The API has a role; see tests/infrastructure/test_functions.py.
    permissions = [one["Properties"] for one in stack.of_type("AWS::Lambda::Permission").values()]
    assert {stack.target(one["FunctionName"]): one["Principal"] for one in permissions} == dict.fromkeys(
        stack.schedules(), "events.amazonaws.com"
    )
    assert [one for one in permissions if "SourceArn" not in one] == []
