"""What Liquid loads for parts of it that are not offered."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: What is not to be loaded with templates, each of which takes long.
PUT_OFF = ("asyncio", "babel.core", "babel.messages.catalog", "importlib_resources", "urllib3")


def run(code: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_templates_are_filled_in_without_what_no_template_can_use() -> None:
    code = (
        "from nereid.core.templates.render import holds; "
        "assert holds('1 < a', {'a': 2}); "
        f"print([name for name in {PUT_OFF!r} if name in sys.modules])"
    )
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("make", "module"),
    [
        ("liquid.extra.Currency()", "liquid.extra.filters.babel"),
        ("liquid.PackageLoader('json')", "liquid.builtin.loaders.package_loader"),
        ("liquid.FileSystemLoader('/')", "liquid.builtin.loaders.file_system_loader"),
        ("liquid.CachingFileSystemLoader('/')", "liquid.builtin.loaders.caching_file_system_loader"),
    ],
)
def test_what_is_put_off_is_there_for_who_asks_for_it(make: str, module: str) -> None:
    code = f"import nereid.core.templates, liquid, liquid.extra; print(type({make}).__module__)"
    assert run(code) == module
