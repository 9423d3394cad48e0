"""Each function is declared as all are, and can be followed by its name."""

from __future__ import annotations

import json
import re

import pytest

from tests.infrastructure import stack

FUNCTIONS = stack.functions()
FOLDERS = sorted(path.parent.relative_to(stack.ROOT) for path in stack.ROOT.glob("functions/*/*/app.py"))
ROUTES = stack.routes()
# Lambdas that no request reaches: the operator invokes it.
UNROUTED = {"ManageCreateTeam"}
# A second route for a slash at the end of a path; see docs/adr/0009-trailing-slash.md.
SLASH = "/{slash+}"
# Where the paths of an API begin, if not with its name.
PREFIXES: dict[str, str | tuple[str, ...]] = {
    "public": "",
    "client": "/api/client/",
    "vibetrace": "/v1/",
    "neptie": ("/api/", "/v1/"),
}
# Prefixes under which one endpoint has several routes.
ALIASES = re.compile(r"^/(v1/api|v1|api)/")

every_function = pytest.mark.parametrize("function", sorted(FUNCTIONS))


def logical_id(api: str, name: str) -> str:
    """Return what the function in a folder is called in the template."""
    return "".join(part.capitalize() for part in [api, *name.split("_")])


@every_function
def test_a_function_is_named_after_its_folder(function: str) -> None:
    folder = stack.folder(function).relative_to(stack.ROOT)
    assert folder.parts[0] == "functions"
    assert logical_id(*folder.parts[1:]) == function


@every_function
def test_a_function_has_a_folder_with_its_handler_and_nothing_to_install(function: str) -> None:
    assert (stack.folder(function) / "app.py").is_file()
    assert not (stack.folder(function) / "requirements.txt").exists()
    assert FUNCTIONS[function]["Handler"] == "app.handler"


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_is_declared_in_the_template(folder: str) -> None:
    assert any(stack.folder(function) == stack.ROOT / folder for function in FUNCTIONS)


@every_function
def test_a_function_runs_on_the_chosen_machine_with_both_layers_and_traces(function: str) -> None:
    properties = FUNCTIONS[function]
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == [{"Ref": "Architecture"}]
    assert properties["TracingConfig"] == {"Mode": "Active"}
    layers = [re.sub(r"[0-9a-f]{10}$", "", stack.target(layer)) for layer in properties["Layers"]]
    assert layers == ["DepsLayer", "NereidLayer"]


@every_function
def test_a_function_logs_to_a_group_of_its_own_with_retention(function: str) -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    group = stack.target(FUNCTIONS[function]["LoggingConfig"]["LogGroup"])
    assert group == f"{function}LogGroup"
    assert groups[group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@every_function
def test_a_function_never_logs_whole_events(function: str) -> None:
    assert "POWERTOOLS_LOGGER_LOG_EVENT" not in stack.environment(function)


@every_function
def test_a_function_is_reached_by_one_route_one_queue_one_schedule_or_the_operator(function: str) -> None:
    routes = {
        (method, ALIASES.sub("/", path.removesuffix(SLASH)))
        for (method, path), name in ROUTES.items()
        if name == function
    }
    queues = [queue for name, queue in stack.consumers().items() if name == function]
    assert len(routes) + len(queues) + (function in stack.schedules()) == (0 if function in UNROUTED else 1)


@pytest.mark.parametrize("function", sorted(stack.schedules()))
def test_a_scheduled_function_ends_before_it_is_started_again(function: str) -> None:
    minutes = re.fullmatch(r"rate\((\d+) minutes\)", stack.schedules()[function])
    assert minutes
    assert FUNCTIONS[function]["Timeout"] < int(minutes[1]) * 60


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
def test_a_route_belongs_to_its_functions_api(route: tuple[str, str]) -> None:
    api = stack.folder(ROUTES[route]).parent.name
    assert route[1].startswith(PREFIXES.get(api, f"/{api}/"))


@pytest.mark.parametrize("function", sorted(name for name in FUNCTIONS if name.startswith("Neptie")))
def test_a_neptie_endpoint_is_reached_under_its_three_prefixes(function: str) -> None:
    (method, path) = next(route for route, name in ROUTES.items() if name == function)
    rest = ALIASES.sub("", path)
    own = {route for route, name in ROUTES.items() if name == function}
    assert own == {(method, prefix + rest) for prefix in ("/api/", "/v1/", "/v1/api/")}


def test_what_no_route_takes_is_answered_by_not_found() -> None:
    assert ROUTES["*", "$default"] == "PublicNotFound"


@every_function
def test_a_function_that_is_no_part_of_the_api_alone_may_know_its_url(function: str) -> None:
    # The API refers to the functions behind its routes: one of those that referred to the API would close a circle.
    if '"Api"' in json.dumps(FUNCTIONS[function]):
        assert function not in ROUTES.values()


@every_function
@pytest.mark.parametrize("sample", ["good.json", "bad.json"])
def test_a_function_has_a_sample_of_a_good_and_of_a_bad_event(function: str, sample: str) -> None:
    folder = stack.folder(function)
    event = stack.ROOT / "events" / folder.parent.name / folder.name / sample
    assert isinstance(json.loads(event.read_text(encoding="utf-8")), dict)


def test_the_stack_stays_well_under_the_limit_of_500_resources() -> None:
    assert len(stack.translated()["Resources"]) < 400
