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
        ("cron(0/15 * * * ? *)", "2026-01-14 10:45:00"),
        ("cron(0 3 * * ? *)", "2026-01-15 03:00:00"),
        ("cron(30 10 * * ? *)", "2026-01-15 10:30:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-01-15 08:00:00"),
        ("cron(0 8 ? * SUN *)", "2026-01-18 08:00:00"),
        ("cron(0 8 ? * 2#1 *)", "2026-02-02 08:00:00"),
        ("cron(0 8 ? * 6L *)", "2026-01-30 08:00:00"),
        ("cron(0 0 1 JAN,JUL ? *)", "2026-07-01 00:00:00"),
        ("cron(0 0 L * ? *)", "2026-01-31 00:00:00"),
        ("cron(0 0 31W * ? *)", "2026-01-30 00:00:00"),
        ("cron(0 0 1 1 ? 2028)", "2028-01-01 00:00:00"),
        ("at(2026-02-01T12:00:00)", "2026-02-01 12:00:00"),
    ],
)
def test_a_schedule_is_due_when_its_expression_says(expression: str, expected: str) -> None:
    found = next_time(expression, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M:%S") == expected


@pytest.mark.parametrize("expression", ["at(2026-01-01T00:00:00)", "cron(0 0 1 1 ? 2020)"])
def test_a_schedule_in_the_past_is_never_due(expression: str) -> None:
    assert next_time(expression, NOW) is None


@pytest.mark.parametrize(
    "expression", ["daily", "rate(one day)", "rate(1 year)", "cron(0 0 * *)", "cron(99 0 * * ? *)"]
)
def test_an_expression_that_is_none_is_an_error(expression: str) -> None:
    with pytest.raises(ScheduleError):
        next_time(expression, NOW)
