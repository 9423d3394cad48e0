"""Imports point inward: functions → dialects → core → models; what AWS is, only nereid.aws knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.infrastructure import stack

LAYER = stack.ROOT / "layers" / "nereid"
MODULES = sorted((LAYER / "nereid").rglob("*.py"))
HANDLERS = sorted(stack.ROOT.glob("functions/*/*/app.py"))

# What every part may use, and what each part may use besides itself and that.
BASE = {"errors", "clock", "contention", "jsontext", "logs", "metrics", "spans"}
INWARD = {
    "models": set(),
    "settings": {"models"},
    "ports": {"models"},
    "auth": {"models", "ports"},
    "core": {"models", "ports", "auth"},
    "aws": {"models", "ports"},
    "dialects": {"models", "ports", "auth", "core", "settings"},
    "batches": {"ports", "core"},
    "consumer": {"batches", "ports", "core"},
    "runtime": {"models", "ports", "auth", "core", "aws", "settings"},
}
# The areas inside core, ports and aws, and which others each may use; what stands beside them, all may use.
AREAS = {
    "access": set(),
    "audience": set(),
    "templates": set(),
    "messaging": {"audience", "templates"},
    "outreach": {"messaging"},
    "rights": {"audience", "messaging", "outreach"},
}
HANDLERS_MAY = BASE | {"dialects", "consumer", "auth", "core", "models", "ports", "runtime"}

# What is there without a package of the layer.
OURS = {*sys.stdlib_module_names, "nereid"}


def part(path: Path) -> str:
    """Return the part of the layer that a file belongs to."""
    return path.relative_to(LAYER / "nereid").parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Give each module that a file imports, wherever in the file, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts(path: Path) -> set[str]:
    """Return the parts of the layer that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("nereid.")}


def roots(path: Path) -> set[str]:
    """Return the packages that a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def named(found: dict[Path, set[str]]) -> dict[str, set[str]]:
    """Return what was found of files that have anything, by their paths in the repository."""
    return {str(path.relative_to(stack.ROOT)): names for path, names in found.items() if names}


def allowed(own: str) -> set[str]:
    """Return the parts of the layer that a part may import."""
    return BASE if own in BASE else BASE | INWARD[own] | {own}


def test_a_module_imports_inward_only() -> None:
    modules = [module for module in MODULES if module != LAYER / "nereid" / "__init__.py"]
    assert named({module: parts(module) - allowed(part(module)) for module in modules}) == {}


def area(name: str) -> str | None:
    """Return the area of core, ports or aws that a module of the layer belongs to."""
    found = re.match(r"nereid\.(?:core|ports|aws)\.(\w+)", name)
    return found[1] if found and found[1] in AREAS else None


def test_an_area_knows_only_those_that_it_stands_on() -> None:
    offenders = []
    for module in MODULES:
        own = area(".".join(module.relative_to(LAYER).with_suffix("").parts))
        if own is not None:
            known = {other for name in imports(module) if (other := area(name)) not in (None, own)}
            offenders += [f"{module.relative_to(LAYER)} knows {other}" for other in known - AREAS[own]]
    assert not offenders


def test_only_the_adapters_know_aws() -> None:
    aws = {"boto3", "botocore", "aws_xray_sdk"}
    assert named({module: roots(module) & aws for module in MODULES if part(module) != "aws"}) == {}


def environment_reads(module: Path) -> tuple[set[str], set[str]]:
    """Return the lines that read the environment when they are called, and those that do when they are imported."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    ]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    reads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}]
    called = {f"line {node.lineno}" for node in reads if id(node) in inside}
    return called, {f"line {node.lineno}" for node in reads} - called


def test_few_modules_read_the_environment_and_only_when_asked() -> None:
    reads = {module: environment_reads(module) for module in MODULES}
    # The second has what is Lambda's and boto3's: no settings, and read for each call, since credentials change.
    readers = {LAYER / "nereid/settings.py", LAYER / "nereid/aws/http/environment.py"}
    # These watch a function that may have no settings yet; what they read is Lambda's, but for whether they are to.
    readers |= {LAYER / "nereid/logs.py", LAYER / "nereid/spans.py"}
    assert named({module: called for module, (called, _) in reads.items() if module not in readers}) == {}
    assert named({module: imported for module, (_, imported) in reads.items()}) == {}


def test_importing_a_package_loads_nothing() -> None:
    packages = [module for module in MODULES if module.name == "__init__.py"]
    assert packages
    assert [package for package in packages if package.read_text(encoding="utf-8").strip()] == []


def test_a_third_party_import_is_in_the_layer() -> None:
    requirements = (stack.ROOT / "layers/deps/requirements.txt").read_text(encoding="utf-8")
    shipped = set(re.findall(r"^([a-z0-9-]+)==", requirements, re.MULTILINE))
    packages = {
        package
        for package, owners in packages_distributions().items()
        if shipped & {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners}
    }
    assert named({module: roots(module) - OURS - packages for module in MODULES}) == {}


def test_a_handler_only_wires() -> None:
    lengths = {handler: len(handler.read_text(encoding="utf-8").splitlines()) for handler in HANDLERS}
    assert {handler: length for handler, length in lengths.items() if length > 40} == {}
    assert named({handler: parts(handler) - HANDLERS_MAY for handler in HANDLERS}) == {}
    assert named({handler: roots(handler) - OURS for handler in HANDLERS}) == {}


def test_every_handler_can_be_imported_without_any_environment() -> None:
    code = (
        "import importlib.util, sys\n"
        "for path in sys.argv[1:]:\n"
        "    spec = importlib.util.spec_from_file_location('app', path)\n"
        "    app = importlib.util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(app)\n"
        "    assert callable(app.handler), path\n"
    )
    command = [sys.executable, "-c", code, *(str(handler) for handler in HANDLERS)]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(LAYER)}, check=False, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_layer_ships_the_description_of_each_service_that_is_called_and_no_other() -> None:
    recipe = (stack.ROOT / "layers/deps/layer.mk").read_text(encoding="utf-8")
    shipped = re.search(r"^SERVICES := (.*)$", recipe, re.MULTILINE)
    assert shipped
    source = "".join(path.read_text(encoding="utf-8") for path in MODULES if part(path) == "aws")
    assert set(shipped[1].split()) == set(re.findall(r'client\(\s*"([a-z0-9-]+)"', source))
