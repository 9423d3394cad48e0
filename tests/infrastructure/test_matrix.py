"""No route without a row in the table of who may do what, and no row that is about no route."""

from __future__ import annotations

from tests.infrastructure import stack
from tests.security.matrix import REQUESTS, TOO_MANY, Row, rows, rows_with_user_tokens

ROWS = rows()
WITH_USER_TOKENS = rows_with_user_tokens()


def test_a_route_has_a_row_in_tests_security_matrix_txt() -> None:
    keys = [(row.method, row.path) for row in ROWS]
    assert [route for route in stack.routes() if keys.count(route) != 1] == []


def test_a_route_of_the_client_api_has_a_row_with_user_tokens() -> None:
    routes = [route for route, function in stack.routes().items() if function.startswith("Client")]
    assert sorted((row.method, row.path) for row in WITH_USER_TOKENS) == sorted(routes)
    assert {len(row.cells) for row in WITH_USER_TOKENS} == {7}


def test_a_row_is_about_a_route() -> None:
    assert {(row.method, row.path) for row in ROWS} - set(stack.routes()) == set()


def is_complete(row: Row) -> bool:
    """Return whether the cells of a row are empty only where there is nothing to ask."""
    empty = {"priv", "lack", "larg", "deep", "many"} - set(row.cells)
    all_columns = {column for each in ROWS for column in each.cells}
    return (
        all_columns - set(row.cells) == empty
        and bool(row.needs or "lack" not in row.cells or row.is_open or row.function.startswith("Client"))
        and ("{environment}" not in row.path or "priv" in row.cells)
        and "larg" in row.cells
        and (row.method not in ("POST", "PUT", "PATCH") or "deep" in row.cells)
        and ("many" in row.cells) == (row.function in TOO_MANY)
    )


def test_a_cell_is_empty_only_where_there_is_nothing_to_ask() -> None:
    assert [(row.method, row.path) for row in ROWS if not is_complete(row)] == []


def test_a_request_that_differs_from_its_sample_belongs_to_a_function() -> None:
    assert set(REQUESTS) | set(TOO_MANY) <= {row.function for row in ROWS}
