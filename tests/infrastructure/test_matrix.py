"""No route without a row in the table of who may do what, and no row that is about no route."""

from __future__ import annotations

import pytest

from tests.infrastructure import stack
from tests.security.matrix import REQUESTS, TOO_MANY, Row, rows

ROWS = rows()


@pytest.mark.parametrize("route", sorted(stack.routes()), ids=" ".join)
def test_a_route_has_a_row_in_tests_security_matrix_txt(route: tuple[str, str]) -> None:
    assert [(row.method, row.path) for row in ROWS].count(route) == 1


def test_a_row_is_about_a_route() -> None:
    assert {(row.method, row.path) for row in ROWS} == set(stack.routes())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_a_cell_is_empty_only_where_there_is_nothing_to_ask(row: Row) -> None:
    empty = {"priv", "lack", "larg", "deep", "many"} - set(row.cells)
    all_columns = {column for each in ROWS for column in each.cells}
    assert all_columns - set(row.cells) == empty
    assert row.needs or "lack" not in row.cells or row.is_open or row.function.startswith("Client")
    names_one = "{environment}" in row.path
    assert not names_one or "priv" in row.cells
    assert "larg" in row.cells
    has_body = row.method in ("POST", "PUT", "PATCH")
    assert not has_body or "deep" in row.cells
    assert ("many" in row.cells) == (row.function in TOO_MANY)


def test_a_request_that_differs_from_its_sample_belongs_to_a_function() -> None:
    assert set(REQUESTS) | set(TOO_MANY) <= {row.function for row in ROWS}
