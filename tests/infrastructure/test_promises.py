"""The numbers that the documentation promises are those that the code keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nereid.core import memory_limit, time_limit
from nereid.core.access import rate_limits
from nereid.core.audience.vibetrace import restrictions, user_attributes
from nereid.core.messaging import app_inbox_channel, one_by_one, sweep_watches
from nereid.core.outreach import campaign_performance, rank_leads
from nereid.core.templates import dates, render, rendering, sandbox, values
from tools.guards import ROOT

TEMPLATES, LIMITS, RANKING = "docs/templates.md", "docs/apis/neptie.md", "docs/apis/neptie-ai.md"


@pytest.mark.parametrize(
    ("document", "promise", "kept"),
    [
        (TEMPLATES, "| one tag or output in it, conditions included | {} characters |", sandbox.MAX_TAG),
        (TEMPLATES, "| the output of a string | {} characters |", sandbox.MAX_OUTPUT),
        (TEMPLATES, "| {:,} iterations |", sandbox.MAX_ITERATIONS),
        (TEMPLATES, "arguments included; its output | {:,} characters", sandbox.MAX_VALUE),
        (TEMPLATES, "| the format of `date` | {} characters,", dates.MAX_DATE),
        (TEMPLATES, "| a text that is read as a date | {} characters |", dates.MAX_DATE),
        (TEMPLATES, "| a text that is read as a number | {} characters |", values.MAX_DIGITS),
        (TEMPLATES, "those with a `default`. The\n  first {} are kept", rendering.MAX_MISSING),
        (TEMPLATES, "and no values. The first {} are kept", rendering.MAX_NOTES),
        (TEMPLATES, "| the text of `strip_html` | {} characters |", sandbox.MAX_HTML),
        (TEMPLATES, "(`assign`, `capture`) | {} MB", sandbox.MAX_VARIABLES // 1_000_000),
        (TEMPLATES, "| the output of all strings of a template | {:,} characters |", render.MAX_OUTPUTS),
        (TEMPLATES, "| the memory that they take meanwhile | {} MB |", memory_limit.MAX_BYTES // 1_000_000),
        (TEMPLATES, "| all templates of one delivery; one condition | {:g} s |", time_limit.MAX_SECONDS),
        (TEMPLATES, "app notifications of one message together | {:g} s |", one_by_one.ITEM_SECONDS),
        (TEMPLATES, "have\ntaken {:g} s, its remaining messages are queued again", one_by_one.RECORD_SECONDS),
        (LIMITS, "| general | {} |", rate_limits.GENERAL.limit),
        (LIMITS, "| AI | {} |", rate_limits.AI.limit),
        (LIMITS, "| e-mail | {} |", rate_limits.EMAIL.limit),
        (LIMITS, "| lead import | {} |", rate_limits.LEAD_IMPORT.limit),
        (RANKING, "{} and more is `hot`", rank_leads.HOT_FROM),
        (RANKING, "{} and more `warm`", rank_leads.WARM_FROM),
        ("docs/operations.md", "less than {} minutes before", restrictions.OPEN_WINDOW // timedelta(minutes=1)),
        ("docs/operations.md", "processed more than {} days after it", restrictions.OPENS_KEPT // timedelta(days=1)),
        ("docs/operations.md", "pending for over {} minutes", sweep_watches.PENDING_AFTER // timedelta(minutes=1)),
        ("docs/apis/vibetrace.md", "a key of 1 to {} characters", user_attributes.MAX_KEY),
        ("docs/delivery.md", "holds at most {:,} bytes", app_inbox_channel.MAX_BYTES),
    ],
)
def test_a_promised_number_is_kept(document: str, promise: str, kept: float) -> None:
    assert promise.format(kept) in (ROOT / document).read_text(encoding="utf-8")


def test_a_timeframe_has_the_days_that_its_name_says() -> None:
    assert {f"{days}d": days for days in (7, 30, 90)} == campaign_performance.TIMEFRAMES
