"""Each function is declared as all are, and can be followed by its name. A rule that fails lists all who break it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from local_stack.template import translation
from tests.infrastructure import stack
from tests.security import matrix
from tools import routes as table

FUNCTIONS = stack.functions()
FOLDERS = sorted(path.parent for path in stack.ROOT.glob("functions/*/*/app.py"))
ROUTES = stack.routes()
# Lambdas that no request reaches: the operator invokes it.
UNROUTED = {"ManageCreateTeam"}
# Routes of what no other route takes; see routes.txt.
FALLBACK = {("*", "$default"), ("ANY", "/"), ("ANY", "/{path+}")}
# A second route for a slash at the end of a path; see docs/adr/0009-trailing-slash.md.
SLASH = "/{slash+}"
# A second route of what is below a user whose id has slashes.
SLASHED = "/users/{rest+}"
# A second route of a page for the paths below it, where it shows other things.
BELOW = "/console/{path+}"
# Where the paths of an API begin, if not with its name.
PREFIXES: dict[str, str | tuple[str, ...]] = {
    "public": "",
    "client": "/api/client/",
    "vibetrace": "/v1/",
    "neptie": ("/api/", "/v1/"),
}
# Prefixes under which one endpoint has several routes.
ALIASES = re.compile(r"^/(v1/api|v1|api)/")
# Characters of a managed policy, white space aside, and of the name of a function.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY = 6144
LONGEST_NAME = 64
MANAGED = "AWS::IAM::ManagedPolicy"
# Requests per second to all APIs of an account, in the regions that allow the fewest.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
SMALLEST_QUOTA = 2500


def logical_id(api: str, name: str) -> str:
    """Return what the function in a folder is called in the template."""
    return "".join(part.capitalize() for part in [api, *name.split("_")])


def routes_of(function: str) -> set[tuple[str, str]]:
    """Return the routes of a function, those that are one endpoint as one."""
    own = {route for route, name in ROUTES.items() if name == function}
    if own == FALLBACK:
        return {("*", "$default")}
    # HEAD is GET without the body.
    own = {(method, path) for method, path in own if not path.endswith(SLASHED)}
    paths = {(method, path.replace(BELOW, "/console").removesuffix(SLASH)) for method, path in own}
    return {(method.replace("HEAD", "GET"), ALIASES.sub("/", path)) for method, path in paths}


def triggers(function: str) -> int:
    """Count the routes, queues and schedules that a function is reached by."""
    # The two priorities of a channel are one thing.
    queues = {queue.replace("High", "") for queue, name in stack.consumers().items() if name == function}
    return len(routes_of(function)) + len(queues) + (function in stack.schedules())


def minutes(schedule: str) -> int:
    """Return how often something runs that has a rate."""
    found = re.fullmatch(r"rate\((\d+) minutes\)", schedule)
    assert found, schedule
    return int(found[1])


def test_a_function_is_named_after_its_folder() -> None:
    folders = {function: stack.folder(function).relative_to(stack.ROOT).parts for function in FUNCTIONS}
    assert {name: parts for name, parts in folders.items() if parts[0] != "functions"} == {}
    assert {name: parts for name, parts in folders.items() if logical_id(*parts[1:]) != name} == {}


def test_a_function_has_a_folder_with_its_handler_and_nothing_to_install() -> None:
    folders = {function: stack.folder(function) for function in FUNCTIONS}
    assert [function for function, folder in folders.items() if not (folder / "app.py").is_file()] == []
    assert [function for function, folder in folders.items() if (folder / "requirements.txt").exists()] == []
    assert {function for function, one in FUNCTIONS.items() if one["Handler"] != "app.handler"} == set()


def test_a_folder_is_declared_in_the_template() -> None:
    assert set(FOLDERS) - {stack.folder(function) for function in FUNCTIONS} == set()


def test_a_function_runs_on_the_chosen_machine_with_both_layers_and_no_traces() -> None:
    expected = {
        "Runtime": "python3.13",
        "Architectures": [{"Ref": "Architecture"}],
        "TracingConfig": None,
        "Layers": ["DepsLayer", "NereidLayer"],
    }
    found = {
        function: {key: one.get(key) for key in expected}
        | {"Layers": [re.sub(r"[0-9a-f]{10}$", "", stack.target(layer)) for layer in one["Layers"]]}
        for function, one in FUNCTIONS.items()
    }
    assert {function: values for function, values in found.items() if values != expected} == {}


def test_a_function_logs_to_the_group_of_its_api() -> None:
    groups = {function: stack.target(one["LoggingConfig"]["LogGroup"]) for function, one in FUNCTIONS.items()}
    wanted = {function: f"{stack.folder(function).parent.name.capitalize()}LogGroup" for function in FUNCTIONS}
    assert {function: group for function, group in groups.items() if group != wanted[function]} == {}


def test_a_function_logs_no_lines_of_lambdas_own_unless_asked_to() -> None:
    levels = {one["LoggingConfig"]["SystemLogLevel"]["Ref"] for one in FUNCTIONS.values()}
    assert levels == {"SystemLogLevel"}
    assert stack.translated()["Parameters"]["SystemLogLevel"]["Default"] == "WARN"


def test_nothing_is_traced_and_no_role_may_trace_unless_asked_to() -> None:
    assert tracing(stack.translated()) == {(None, False)}


def test_all_functions_are_traced_if_asked_to(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    off = "  Tracing:\n    Type: String\n    Default: "
    written = stack.TEMPLATE.read_text(encoding="utf-8")
    assert f"{off}Disabled" in written
    template.write_text(written.replace(f"{off}Disabled", f"{off}Active"), encoding="utf-8")
    assert tracing(translation.load(template, "us-east-1", [])) == {("Tracing", True)}


def tracing(template: stack.Resource) -> set[tuple[str | None, bool]]:
    """Return what says how functions are traced, and whether their roles may write traces."""
    found = set()
    for one in template["Resources"].values():
        if one["Type"] == "AWS::Lambda::Function":
            mode = one["Properties"].get("TracingConfig", {}).get("Mode", {}).get("Ref")
            role = template["Resources"][stack.target(one["Properties"]["Role"])]["Properties"]
            found.add((mode, any("Xray" in str(policy) for policy in role["ManagedPolicyArns"])))
    return found


def test_a_log_group_is_of_the_class_that_makes_metrics_of_lines() -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert [
        name for name, one in groups.items() if one["Properties"].get("LogGroupClass", "STANDARD") != "STANDARD"
    ] == []


def test_a_log_group_is_named_after_its_api_and_kept_as_long_as_the_parameter_says() -> None:
    groups = {name: one["Properties"] for name, one in stack.of_type("AWS::Logs::LogGroup").items()}
    names = {name: one["LogGroupName"]["Fn::Sub"] for name, one in groups.items()}
    apis = {folder.parent.name for folder in FOLDERS}
    assert set(names.values()) == {f"/aws/lambda/${{AWS::StackName}}/{api}" for api in apis} | {
        "/aws/apigateway/${AWS::StackName}"
    }
    assert [name for name, one in groups.items() if one["RetentionInDays"] != {"Ref": "LogRetentionDays"}] == []


def test_a_function_never_logs_whole_events() -> None:
    telling = [function for function in FUNCTIONS if "POWERTOOLS_LOGGER_LOG_EVENT" in stack.environment(function)]
    assert telling == []


def test_a_function_is_reached_by_one_route_one_queue_one_schedule_or_the_operator() -> None:
    counted = {function: triggers(function) for function in FUNCTIONS}
    assert {name: count for name, count in counted.items() if count != (0 if name in UNROUTED else 1)} == {}


def test_a_scheduled_function_ends_before_it_is_started_again() -> None:
    late = {
        function: schedule
        for function, schedule in stack.schedules().items()
        if FUNCTIONS[function]["Timeout"] >= minutes(schedule) * 60
    }
    assert stack.schedules()
    assert late == {}


def test_a_route_belongs_to_its_functions_api() -> None:
    apis = {route: stack.folder(function).parent.name for route, function in ROUTES.items()}
    assert {route: api for route, api in apis.items() if not route[1].startswith(PREFIXES.get(api, f"/{api}/"))} == {}


def test_a_neptie_endpoint_is_reached_under_its_three_prefixes() -> None:
    own = {
        function: {route for route, name in ROUTES.items() if name == function}
        for function in FUNCTIONS
        if function.startswith("Neptie")
    }
    wanted = {
        function: {
            (method, prefix + ALIASES.sub("", path))
            for method, path in found
            for prefix in ("/api/", "/v1/", "/v1/api/")
        }
        for function, found in own.items()
    }
    assert own
    assert {function: found for function, found in own.items() if found != wanted[function] or len(found) != 3} == {}


def test_what_no_route_takes_is_answered_by_not_found() -> None:
    assert {ROUTES[route] for route in FALLBACK} == {"PublicNotFound"}


def test_the_definition_of_the_api_has_the_routes_of_the_table_and_no_others() -> None:
    assert {(route.method, route.path): route.function for route in table.table()} == ROUTES


def test_a_route_is_invoked_with_the_role_of_the_api() -> None:
    operations = [operation for path in stack.definition()["paths"].values() for operation in path.values()]
    roles = [operation["x-amazon-apigateway-integration"]["credentials"] for operation in operations]
    assert [role for role in roles if role != {"Fn::GetAtt": ["ApiRole", "Arn"]}] == []


def test_the_role_of_the_api_is_the_gateways_and_may_invoke_the_functions_behind_routes_and_no_others() -> None:
    (trust,) = stack.translated()["Resources"]["ApiRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": "apigateway.amazonaws.com"}, "sts:AssumeRole")
    statements = stack.statements("ApiRole")
    assert {(one["Effect"], one["Action"]) for one in statements} == {("Allow", "lambda:InvokeFunction")}
    invoked = [stack.target(resource) for one in statements for resource in one["Resource"]]
    assert sorted(invoked) == sorted(set(ROUTES.values()))


def test_a_managed_policy_is_no_longer_than_iam_takes() -> None:
    arn = f"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:{'x' * LONGEST_NAME}"
    documents = {name: one["Properties"]["PolicyDocument"] for name, one in stack.of_type(MANAGED).items()}
    texts = {name: re.sub(r"[ \n]", "", json.dumps(document)) for name, document in documents.items()}
    lengths = {name: len(re.sub(r'{"Fn::GetAtt":[^}]*}', f'"{arn}"', text)) for name, text in texts.items()}
    assert {name: length for name, length in lengths.items() if length > MAX_POLICY} == {}


def test_a_function_that_is_no_part_of_the_api_alone_may_know_its_url() -> None:
    # The API refers to the functions behind its routes: one of those that referred to the API would close a circle.
    knowing = {function for function in FUNCTIONS if '"Api"' in json.dumps(FUNCTIONS[function])}
    assert knowing & set(ROUTES.values()) == set()


def test_a_function_has_a_sample_of_a_good_and_of_a_bad_event() -> None:
    folders = [stack.folder(function) for function in FUNCTIONS]
    samples = [
        stack.ROOT / "events" / folder.parent.name / folder.name / sample
        for folder in folders
        for sample in ("good.json", "bad.json")
    ]
    assert [sample for sample in samples if not sample.is_file()] == []
    events = {sample: json.loads(sample.read_text(encoding="utf-8")) for sample in samples}
    assert [sample for sample, event in events.items() if not isinstance(event, dict)] == []


def test_a_route_is_limited_by_nothing_but_the_account_unless_a_limit_is_given() -> None:
    settings = stack.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]["Properties"][
        "DefaultRouteSettings"
    ]
    for name, parameter in (("ThrottlingRateLimit", "ApiRateLimit"), ("ThrottlingBurstLimit", "ApiBurstLimit")):
        assert stack.translated()["Parameters"][parameter]["Default"] == 0
        assert settings[name] == {"Fn::If": [f"Has{parameter}", {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


def test_a_route_that_asks_nobody_for_a_credential_has_limits_of_its_own() -> None:
    open_routes = {(row.method, row.path) for row in matrix.rows() if row.is_open}
    assert {(route.method, route.path) for route in table.table() if route.limit} == open_routes


def test_a_flood_of_all_open_routes_leaves_half_of_the_smallest_quota_to_the_others() -> None:
    parameters = stack.translated()["Parameters"]
    rates = [parameters[f"{route.limit.title()}RateLimit"]["Default"] for route in table.table() if route.limit]
    assert sum(rates) <= SMALLEST_QUOTA / 2


def test_limits_of_open_routes_are_set_together_or_not_at_all() -> None:
    settings = stack.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]["Properties"]["RouteSettings"]
    nothing = {"Ref": "AWS::NoValue"}
    for route in table.table():
        if route.limit:
            name = route.limit.title()
            limits = {f"Throttling{kind}Limit": {"Ref": f"{name}{kind}Limit"} for kind in ("Rate", "Burst")}
            assert settings.pop(route.key) == {"Fn::If": [f"Has{name}Limits", limits, nothing]}
    assert settings == {}


def test_the_stack_stays_well_under_the_limit_of_500_resources() -> None:
    assert len(stack.translated()["Resources"]) <= 300


def test_an_endpoint_costs_two_resources_its_function_and_its_role() -> None:
    resources = stack.translated()["Resources"]
    made_for = {
        function: sorted(one["Type"] for name, one in resources.items() if re.match(rf"{function}(?![a-z])", name))
        for function in set(ROUTES.values())
    }
    expected = ["AWS::IAM::Role", "AWS::Lambda::Function"]
    assert {function: kinds for function, kinds in made_for.items() if kinds != expected} == {}


def test_a_function_behind_a_route_does_not_depend_on_the_api() -> None:
    # The API depends on it, and CloudFormation creates neither of two that wait for each other.
    written = {name: json.dumps(FUNCTIONS[name]) for name in ROUTES.values()}
    assert [name for name, text in written.items() if '"Api"' in text or "${Api}" in text or '"Api.' in text] == []
