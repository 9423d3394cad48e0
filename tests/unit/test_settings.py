from __future__ import annotations

import pytest

from nereid.settings import Settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"push_application_arn": "", "push_fcm_arn": "", "push_apns_arn": "", "push_apns_sandbox_arn": ""}, None),
        ({"push_application_arn": "arn", "push_fcm_arn": ""}, {"application_arn": "arn"}),
        ({"push_application_arn": "", "push_fcm_arn": "f", "push_apns_arn": "a"}, {"fcm": "f", "apns": "a"}),
        ({"push_apns_sandbox_arn": "s"}, {"apns_sandbox": "s"}),
    ],
)
def test_the_stacks_own_push_has_the_applications_that_are_given(
    given: dict[str, str], expected: dict[str, str] | None
) -> None:
    push = Settings.model_validate(given).channels().push
    assert (push.model_dump() if push else None) == expected
