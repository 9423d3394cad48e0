from __future__ import annotations

import pytest

from nereid.dialects.console_script import link


def test_what_is_imported_comes_first_and_once() -> None:
    modules = {
        "js/main.js": 'import { b } from "./b.js";\nimport { a as first } from "./a.js";\nb(first);',
        "js/b.js": 'import * as a from "./a.js";\n\nexport function b(x) { return a.a + x; }',
        "js/a.js": "export const a = 1;\nexport async function c() {}",
        "js/views/other.js": "export const unused = 1;",
    }
    script = link(modules, "js/main.js")
    assert [line for line in script.splitlines() if line.startswith("// ")] == [
        "// js/a.js",
        "// js/b.js",
        "// js/main.js",
    ]
    assert "const {a: first} = $js_a;" in script.replace("{ ", "{").replace(" }", "}")
    assert "const a = $js_a;" in script
    assert "return { a, c };" in script
    assert "export" not in script
    assert "import" not in script


def test_modules_are_found_from_where_they_are_imported() -> None:
    modules = {
        "js/main.js": 'import { v } from "./views/v.js";',
        "js/views/v.js": 'import { d } from "../d.js";\nexport const v = d;',
    }
    assert "$js_d" in link({**modules, "js/d.js": "export const d = 1;"}, "js/main.js")


def test_an_import_of_several_lines_is_one() -> None:
    script = link(
        {"m.js": 'import {\n  a,\n  b,\n} from "./n.js";', "n.js": "export const a = 1;\nexport class b {}"}, "m.js"
    )
    assert "import" not in script


@pytest.mark.parametrize(
    "line",
    [
        'import "./n.js";',
        'import n from "./n.js";',
        'import { n } from "other";',
        "export default 1;",
        "export let n = 1;",
        "export { n };",
        'const n = await import("./n.js");',
    ],
)
def test_what_it_does_not_know_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="cannot link"):
        link({"m.js": line, "n.js": ""}, "m.js")


def test_imports_in_comments_are_of_types() -> None:
    assert link({"m.js": '/** @param {import("./n.js").N} n */\n// import("x")\n * import("y")'}, "m.js")


def test_a_circle_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"b\.js and a\.js need each other"):
        link({"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}, "a.js")


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        link({"a.js": 'import { b } from "./b.js";'}, "a.js")
