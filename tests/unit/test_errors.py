"""What an error says in a log, or beside a record that failed."""

from __future__ import annotations

import pytest

from nereid.errors import Invalid, NereidError, ProviderBusy, ProviderRefused, TooMany, TryAgain, UnknownLead


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Invalid({"name": "too long", "to[0].email": "no address"}), "name: too long; to[0].email: no address"),
        (TooMany(30), "again in 30 s"),
        (TryAgain(7, "the provider is busy"), "the provider is busy: again in 7 s"),
        (UnknownLead("l-1"), "lead"),
        (ProviderRefused("MessageRejected"), "MessageRejected"),
        (ProviderBusy("TooManyRequestsException"), "TooManyRequestsException"),
    ],
)
def test_an_error_says_what_happened(error: NereidError, text: str) -> None:
    assert str(error) == text
