from datetime import UTC, datetime

import pytest

from local_stack.aws.schedules import ScheduleError, next_time

# A Wednesday.
NOW = datetime(2026, 1, 14, 10, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-01-14 10:31:20"),
        ("rate(5 minutes)", "2026-01-14 10:35:20"),
        ("rate(1 day)", "2026-01-15 10:30:20"),
        ("at(2026-02-01T12:00:00)", "2026-02-01 12:00:00"),
    ],
)
def test_a_schedule_is_due_when_its_expression_says(expression: str, expected: str) -> None:
    found = next_time(expression, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M:%S") == expected


@pytest.mark.parametrize("expression", ["at(2026-01-01T00:00:00)", "at(2026-01-14T10:30:20)"])
def test_a_schedule_in_the_past_is_never_due(expression: str) -> None:
    assert next_time(expression, NOW) is None


@pytest.mark.parametrize("expression", ["daily", "rate(one day)", "rate(1 year)", "at(noon)"])
def test_an_expression_that_is_none_is_an_error(expression: str) -> None:
    with pytest.raises(ScheduleError):
        next_time(expression, NOW)


def test_a_cron_expression_is_refused_with_what_may_stand_instead() -> None:
    with pytest.raises(ScheduleError, match=r"works in AWS only; the local stack knows rate\(...\) and at\(...\)"):
        next_time("cron(0 3 * * ? *)", NOW)
