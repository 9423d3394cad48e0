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
INVOKERS = {"apigateway.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"}


def test_the_apis_log_names_routes_and_neither_paths_nor_callers() -> None:
    for api in stack.of_type("AWS::ApiGatewayV2::Stage").values():
        form = api["Properties"]["AccessLogSettings"]["Format"]
        assert set(re.findall(r"\$context\.([\w.]+)", form)) <= LOGGED


def test_a_function_is_invoked_by_the_stack_alone() -> None:
    assert stack.of_type("AWS::Lambda::Url") == {}
    permissions = stack.of_type("AWS::Lambda::Permission")
    assert permissions
    for permission in permissions.values():
        properties = permission["Properties"]
        assert properties["Principal"] in INVOKERS
        assert "SourceArn" in properties
