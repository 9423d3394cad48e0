"""JSON and YAML files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid_cli import documents
from nereid_cli.errors import Mistake

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "no",
        "on",
        "1e3",
        ".5",
        "012",
        "1_0",
        "12:30",
        "~",
        "",
        "null",
        "2026-01-31",
        "0x1f",
        "<<",
        "=",
        "a\n b\n",
        "\n",
        "x \n",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", ["\x85", "a\u2028b\n", "\u2029", "a\x85b"])
def test_what_yaml_takes_for_the_end_of_a_line_is_read_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "value.yaml"
    path.write_text(documents.as_yaml({text: text}), encoding="utf-8")
    assert documents.read(path).value == {text: text}


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(value=VALUES)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, suffix: str, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / f"value{suffix}"
    path.write_text(documents.as_yaml(value) if suffix == ".yaml" else documents.as_json(value), encoding="utf-8")
    found = documents.read(path).value
    assert json.dumps(found) == json.dumps(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("2026-01-31", "2026-01-31"),
        ("0x1f", "0x1f"),
        ("true", True),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("1e3", 1000.0),
        ("null", None),
        ("", None),
        ("'12'", "12"),
    ],
)
def test_plain_values_are_those_of_json(tmp_path: Path, text: str, value: Any) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"a: {text}\n")
    assert documents.read(path).value == {"a": value}


def test_members_can_be_shared_and_merged(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one: &one {a: 1}\ntwo: {<<: *one, b: 2}\n")
    assert documents.read(path).value["two"] == {"a": 1, "b": 2}


PLACES = """\
a:
  b:
  - 0
  - text: |
      one
      two
c: {d: [1,
  2]}
"""


@pytest.mark.parametrize(
    ("member", "line", "place"),
    [
        ("a", None, 1),
        ("a.b[1].text", None, 4),
        ("a.b[1].text", 2, 6),
        ("a.b[1].gone.deeper", None, 4),
        ("a.b[7]", None, 2),
        ("c.d[1]", None, 8),
        ("other", None, 1),
    ],
)
def test_a_member_has_a_place(tmp_path: Path, member: str, line: int | None, place: int) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(PLACES)
    assert documents.read(path).place(member, line) == f"{path}:{place}"


def test_json_with_tabs_is_read_without_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n\t"a": [\n\t\t1\n\t]\n}')
    document = documents.read(path)
    assert (document.value, document.place("a")) == ({"a": [1]}, str(path))


def test_a_value_that_holds_itself_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &a\n- *a\n")
    with pytest.raises(Mistake, match="holds what JSON has not"):
        documents.read(path)
