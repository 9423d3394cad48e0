import pytest

from local_stack.aws.event_patterns import matches

EVENT = {
    "source": "aws.ses",
    "detail": {"n": 5, "tags": ["a", "b"], "name": "Sam", "items": [{"k": 1}, {"k": 2}], "x": None},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ses", "other"]},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"suffix": ".ses"}]},
        {"source": [{"wildcard": "a*s.s*"}]},
        {"source": [{"anything-but": "aws.sns"}]},
        {"source": [{"anything-but": {"prefix": "my."}}]},
        {"detail": {"name": [{"equals-ignore-case": "SAM"}]}},
        {"detail": {"n": [{"numeric": [">", 1, "<=", 5]}]}},
        {"detail": {"tags": ["b"]}},
        {"detail": {"items": {"k": [2]}}},
        {"detail": {"missing": [{"exists": False}], "n": [{"exists": True}]}},
        {"detail": {"x": [None]}},
        {"$or": [{"source": ["no"]}, {"detail": {"n": [5]}}]},
    ],
)
def test_an_event_that_fits_is_taken(pattern: dict[str, object]) -> None:
    assert matches(pattern, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.sns"]},
        {"source": ["aws.ses"], "detail": {"n": [6]}},
        {"source": [{"anything-but": ["aws.ses"]}]},
        {"detail": {"n": [{"numeric": ["<", 5]}]}},
        {"detail": {"n": ["5"]}},
        {"detail": {"missing": ["x"]}},
        {"detail": {"missing": [{"anything-but": "x"}]}},
        {"detail": {"source": {"deeper": ["x"]}}},
        {"$or": [{"source": ["no"]}, {"detail": {"n": [6]}}]},
    ],
)
def test_an_event_that_does_not_fit_is_left(pattern: dict[str, object]) -> None:
    assert not matches(pattern, EVENT)
