"""Pages of leads."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.aws.outreach.leads import DynamoLeadStore
from nereid.models.lead import LeadFilter


@pytest.mark.parametrize(("total", "limits"), [(10, []), (11, [15])])
def test_a_page_behind_the_last_lead_lists_nothing(
    total: int, limits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Table:
        """Has none, and notes what is listed."""

        def query(self, *_: object, limit: int, **__: object) -> Any:
            asked.append(limit)
            return iter(())

        def get_many(self, *_: object) -> dict[Any, Any]:
            return {}

    monkeypatch.setattr(DynamoLeadStore, "_total", lambda *_: total)
    table: Any = Table()
    assert DynamoLeadStore(table).page("t", LeadFilter(), 3, 5) == ([], total)
    assert asked == limits
