"""routes.txt, the table of routes, and the sections of template.yaml that `make generate` writes from it.

    tools/routes.py --role ARN   print the API's definition for `aws apigatewayv2 import-api`; ARN is any role's

The definition is inline, since `sam build`, `sam deploy` and `sam local` then read template.yaml alone.
See docs/adr/0017-routes-in-the-api-definition.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = "$default"
# The form of each operation is the one that SAM gives to routes of its own, with the role added.
_OPERATION = (
    '{method}: {{x-amazon-apigateway-integration: {{uri: !Sub "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:'
    'lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations", type: aws_proxy, httpMethod: POST, '
    'payloadFormatVersion: "2.0", credentials: !GetAtt ApiRole.Arn}}, responses: {{}}{more}}}'
)


#: The limits that a route may have, with the condition under which it has them and the parameters.
_LIMITS = {
    "auth": ("HasAuthLimits", "AuthRateLimit", "AuthBurstLimit"),
    "public": ("HasPublicLimits", "PublicRateLimit", "PublicBurstLimit"),
}


class Route(NamedTuple):
    """A line of the table.

    Parameters
    ----------
    method : str
        In capitals; ANY; `*` of $default.
    path : str
        With {variables}.
    function : str
        Logical id.
    limit : str
        Name of its limits; empty for those of all routes.
    """

    method: str
    path: str
    function: str
    limit: str = ""

    @property
    def key(self) -> str:
        """The route key, as API Gateway has it."""
        return DEFAULT if self.path == DEFAULT else f"{self.method} {self.path}"


def table(text: str | None = None) -> list[Route]:
    """Return every route, in the table's order.

    Parameters
    ----------
    text : str, optional
        Of a table other than routes.txt.

    Raises
    ------
    ValueError
        When a line is no route or names limits that there are not, or two routes are the same.
    """
    text = (ROOT / "routes.txt").read_text(encoding="utf-8") if text is None else text
    found: list[Route] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, path, function, *rest = line.split()
        [limit] = rest or [""]
        if limit and limit not in _LIMITS:
            raise ValueError(f"routes.txt has {limit} after {function}, which is none of {', '.join(_LIMITS)}")
        found += [Route(method, one, function, limit) for one in _paths(path)]
    keys = [(route.method, route.path) for route in found]
    if len(keys) != len(set(keys)):
        raise ValueError(f"routes.txt has twice {sorted({' '.join(key) for key in keys if keys.count(key) > 1})}")
    return found


def _paths(path: str) -> list[str]:
    """Write out the alternatives in brackets."""
    parts = [part.split("|") for part in re.split(r"[\[\]]", path)]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def write_into(template: str) -> str:
    """Return the text of the template with the sections that follow from the table."""
    routes = table()
    written = _replace(template, "paths", _definition(routes))
    written = _replace(written, "limits", [_limited(route) for route in routes if route.limit])
    functions: dict[str, list[str]] = {}
    for function in dict.fromkeys(route.function for route in routes):
        functions.setdefault(re.findall("[A-Z][a-z]+", function)[0].lower(), []).append(function)
    for api, own in functions.items():
        written = _replace(written, api, [f"- !GetAtt {function}.Arn" for function in own])
    return written


def _definition(routes: Iterable[Route]) -> list[str]:
    """Return the lines of the definition's paths."""
    paths: dict[str, list[Route]] = {}
    for route in routes:
        paths.setdefault(route.path, []).append(route)
    lines = []
    for path, methods in paths.items():
        lines.append(f"/{path}:" if path == DEFAULT else f"{path}:")
        lines += [f"  {_operation(route)}" for route in methods]
    return lines


def _operation(route: Route) -> str:
    """Return the line of one operation."""
    method = "x-amazon-apigateway-any-method" if route.method in ("ANY", "*") else route.method.lower()
    names = [f"{{name: {name}, in: path, required: true}}" for name in re.findall(r"{([^}]+)}", route.path)]
    more = f", parameters: [{', '.join(names)}]" if names else ""
    more += ", isDefaultRoute: true" if route.path == DEFAULT else ""
    return _OPERATION.format(method=method, more=more, function=route.function)


def _limited(route: Route) -> str:
    """Return the line of a route's own limits."""
    condition, rate, burst = _LIMITS[route.limit]
    limits = f"{{ThrottlingRateLimit: !Ref {rate}, ThrottlingBurstLimit: !Ref {burst}}}"
    return f'"{route.key}": !If [{condition}, {limits}, !Ref AWS::NoValue]'


def _replace(template: str, name: str, lines: list[str]) -> str:
    """Put lines between the marks of that name, as far in as the marks are."""
    pattern = rf"^( *)# <{name}: .*\n(?:.*\n)*?( *# {name}>)$"
    found = re.search(pattern, template, re.MULTILINE)
    if found is None:
        raise ValueError(f"template.yaml has no marks <{name}: and {name}>")
    first = found[0].split("\n", 1)[0]
    inside = [found[1] + line for line in lines]
    return template.replace(found[0], "\n".join([first, *inside, found[2]]))


def importable(role: str) -> str:
    """Return the API's definition as JSON, with its references filled in.

    Parameters
    ----------
    role : str
        ARN of any role of the account, in place of the stack's. The functions are pretended to be in its account.
    """
    sys.path[:0] = [str(ROOT)]
    from local_stack.template import translation

    api = translation.parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Resources"]["Api"]["Properties"]
    text = json.dumps({**api["DefinitionBody"], "info": {"title": "nereid-import-test", "version": "1.0"}})
    text = text.replace('{"Fn::GetAtt": ["ApiRole", "Arn"]}', json.dumps(role))
    text = re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text)
    account, partition = role.split(":")[4], role.split(":")[1]
    text = re.sub(r"\$\{(\w+)\.Arn\}", rf"arn:{partition}:lambda:${{AWS::Region}}:{account}:function:\1", text)
    return text.replace("${AWS::Partition}", partition).replace("${AWS::Region}", "us-east-1")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the API's definition for `aws apigatewayv2 import-api`.")
    parser.add_argument("--role", required=True, help="ARN of any role of the account")
    print(importable(parser.parse_args().role))
