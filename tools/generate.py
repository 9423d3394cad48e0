"""Write what follows from the table of routes, the template, the settings and the Makefile, and the names of bots.

    tools/generate.py           write them
    tools/generate.py --check   change nothing; fail where one is not what it should be

To have another file generated, add it to GENERATED.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "nereid")]


from local_stack.template import translation as template  # noqa: E402 - found by the path above
from nereid.settings import Settings  # noqa: E402
from tools import bots, openapi, routes  # noqa: E402

# Variables that libraries and logs read; the others are described in nereid.settings.
LIBRARIES = {
    "LOG_LEVEL": "Minimum log level.",
    "POWERTOOLS_SERVICE_NAME": "Dimension `service` of the metrics: the stack's name.",
    "POWERTOOLS_METRICS_NAMESPACE": "Namespace of the metrics.",
    "TRACING": "Whether spans are added to X-Ray's traces: `Active` or `Disabled`.",
}
# Variables of the local stack; tests/infrastructure notices one that is missing.
LOCAL = {
    "PORT": "Port of the API, 3000 unless said otherwise; 0 takes any free one.",
    "NEREID_AWS_HOST": "Where the AWS endpoint listens: 127.0.0.1, or an address that containers reach.",
    "NEREID_AWS_PORT": "Port of the AWS endpoint; any free one unless said otherwise.",
    "AWS_ENDPOINT_URL": "URL of another AWS emulator, used instead of the embedded one.",
    "AWS_REGION": "Region that the stack pretends to be in, us-east-1 unless said otherwise.",
    "NEREID_HOSTS": "More names, separated by commas, under which the stack answers, beside `127.0.0.1`, `localhost`, "
    "`::1` and `host.docker.internal`: without the others, a web page could read what it holds (DNS rebinding).",
    "NEREID_TEMPLATE": "The template to serve, `template.yaml` unless said otherwise.",
    "NEREID_STATE_DIR": "Where `local.json` and caches are kept, `.nereid/` unless said otherwise.",
    "LOCAL_SES_RATE": "How many mails a second SES takes; any number unless set.",
    "LOCAL_SES_DAILY_QUOTA": "How many mails SES takes in 24 hours; any number unless set.",
    "NEREID_AWS_PATHS": "1 decodes paths twice and cuts them at a `?`, as HTTP APIs of AWS were seen to.",
    "NEREID_USED_ACTIONS": "Folder in which it keeps the actions of AWS that each function needed.",
    "NEREID_VERBOSE": "1 prints all that functions log, not only warnings and errors.",
}
NOTE = "<!-- Written by `make generate`; change what it is made from instead. -->\n"


def written() -> dict[str, Any]:
    """Return the template as it is written."""
    return template.parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of the functions by logical id, in the template's order."""
    return {
        name: one["Properties"]
        for name, one in written()["Resources"].items()
        if one["Type"] == "AWS::Serverless::Function"
    }


def variables(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the environment variables in a function's properties, or in the shared ones."""
    found: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return found


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(head), *[list(row) for row in rows]]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def codes(names: Iterable[str]) -> str:
    """Return names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def parameters() -> str:
    """Return the table of the template's parameters."""

    def row(name: str, one: dict[str, Any]) -> list[str]:
        default = json.dumps(one["Default"]) if one["Default"] == "" else str(one["Default"])
        allowed = [str(value) for value in one.get("AllowedValues", [])]
        limits = [f"{word} {one[key]}" for key, word in (("MinValue", "from"), ("MaxValue", "to")) if key in one]
        return [f"`{name}`", f"`{default}`", one["Description"], codes(allowed) or " ".join(limits)]

    rows = [row(name, one) for name, one in written()["Parameters"].items()]
    return table(["parameter", "default", "meaning", "values"], rows)


def users(variable: str) -> str:
    """Return which functions get an environment variable: an API by its folder where all of its functions do."""
    areas: dict[str, list[tuple[str, bool]]] = {}
    for name, one in functions().items():
        areas.setdefault(one["CodeUri"].split("/")[1], []).append((name, variable in variables(one)))
    named = []
    for area, members in areas.items():
        given = [f"`{name}`" for name, is_given in members if is_given]
        named.extend([f"all of {area}"] if len(given) == len(members) > 1 else given)
    return ", ".join(named)


def environment() -> str:
    """Return the table of the functions' environment variables."""
    shared = set(variables(written()["Globals"]["Function"]))
    meanings = {name.upper(): field.description or "" for name, field in Settings.model_fields.items()} | LIBRARIES

    def row(name: str) -> list[str]:
        return [f"`{name}`", meanings[name], "all" if name in shared else users(name)]

    return table(["variable", "meaning", "functions"], [row(name) for name in sorted(meanings)])


def targets() -> str:
    """Return the table of make's targets."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE)
    return table(["command", "what it does"], [[f"`make {name}`", text] for name, text in found])


def configuration() -> str:
    """Return docs/configuration.md."""
    return f"""{NOTE}
# Configuration

## Of a deployed stack

Parameters of `template.yaml`. Set them in `samconfig.toml` (`parameter_overrides`), per stage, or with
`make deploy ARGS="--parameter-overrides ..."`, which takes the place of all of those.

{parameters()}
## Of the functions

Environment variables, each given by the template to the functions that need it and to no others. The AWS clients
besides follow `AWS_ENDPOINT_URL` and the other variables that boto3 knows.

{environment()}
## Of the local stack

Environment variables of `make run`.

{table(["variable", "meaning"], [[f"`{name}`", meaning] for name, meaning in LOCAL.items()])}
## Commands

{targets()}"""


def reached_by(name: str, properties: dict[str, Any]) -> str:
    """Return the route, queue or schedule of a function, in words."""
    for route in routes.table():
        if route.function == name:
            return "unmatched requests" if route.path == routes.DEFAULT else f"`{route.method} {route.path}`"
    for event in properties.get("Events", {}).values():
        return f"the clock, `{event['Properties']['Schedule']}`"
    for one in written()["Resources"].values():
        mapping = one.get("Properties", {})
        if one["Type"] == "AWS::Lambda::EventSourceMapping" and mapping["FunctionName"] == {"Ref": name}:
            return f"queue `{mapping['EventSourceArn']['Fn::GetAtt'][0]}`"
    return "the operator (`make team`)"


def permissions(properties: dict[str, Any]) -> str:
    """Return a function's permissions, statement by statement."""
    found: list[str] = []
    for policy in properties.get("Policies", []):
        found += [policy["Ref"]] if "Ref" in policy else statements(policy["Statement"])
    return "<br>".join(found) or "nothing"


def statements(policy: list[dict[str, Any]]) -> list[str]:
    """Return the statements of a policy in words."""
    found = []
    for statement in policy:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        service = actions[0].split(":")[0]
        found.append(f"{statement['Sid']}: {service} {', '.join(action.split(':')[1] for action in actions)}")
    return found


def catalogue() -> str:
    """Return docs/functions.md."""
    rows = [
        [f"`{name}`", reached_by(name, one), one["Description"], permissions(one)] for name, one in functions().items()
    ]
    shared = {
        name: "; ".join(statements(written()["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]))
        for name in ("CheckCredentials", "CheckUserTokens")
    }
    return f"""{NOTE}
# Functions

One Lambda per endpoint and per queue. The code of `NeptuneIngestEvent` is in `functions/neptune/ingest_event/`, and so
on. Each may also write its own logs. Most functions check an API token with the policy
`CheckCredentials`: {shared["CheckCredentials"]}. Those that take user tokens have
`CheckUserTokens`: {shared["CheckUserTokens"]}.

{table(["function", "invoked by", "task", "permissions"], rows)}"""


GENERATED: dict[str, Callable[[], str]] = {
    # First, since the others are made from it.
    "template.yaml": lambda: routes.write_into((ROOT / "template.yaml").read_text(encoding="utf-8")),
    "docs/configuration.md": configuration,
    "docs/functions.md": catalogue,
    "docs/openapi.json": lambda: openapi.document(functions(), routes.table()),
    "layers/nereid/nereid/dialects/openapi.json": lambda: openapi.served(functions(), routes.table()),
    "layers/nereid/nereid/core/audience/vibetrace/bot_names.py": bots.module,
}


def main(*, check: bool) -> None:
    """Write the files, or say which are out of date."""
    stale = []
    for name, generated in GENERATED.items():
        file = ROOT / name
        text = generated()
        if check and (not file.exists() or file.read_text(encoding="utf-8") != text):
            stale.append(name)
        if not check:
            file.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run `make generate`.")


if __name__ == "__main__":
    main(check=sys.argv[1:] == ["--check"])
