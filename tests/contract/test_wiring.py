"""Every route over HTTP: the gateway hands it to its function, which answers with the rights that it is deployed with.

What a function answers to which body is asked in this process by most of the other modules.
"""

from __future__ import annotations

import re

from tests.infrastructure import stack as template
from tests.local_stack import Stack

#: What browsers may keep: nothing but the description for a while, and the console for as long as it is the same.
KEPT = {"/openapi.json": "public, max-age=300", "/console": "no-cache", "/console/x": "no-cache"}


def test_every_route_reaches_its_function_and_is_answered(local_stack: Stack) -> None:
    missing = set()
    for (given, path), function in template.routes().items():
        asked = "/none/such" if path == "$default" else re.sub(r"\{\w+\+?\}", "x", path)
        method = "GET" if given == "*" else given
        body: dict[str, str] | None = {} if method in {"POST", "PUT", "PATCH"} else None
        answer = local_stack.request(method, asked, body)
        assert answer.headers["Cache-Control"] == KEPT.get(asked, "no-store"), (method, asked)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", (method, asked)
        status = answer.status
        missing.add(f"{method} {asked} {status if status < 500 else 'below 500'} {function}")

    def all_told() -> bool:
        # A request's line is printed once it is answered.
        told = re.findall(r"^([A-Z]+ \S+ \d+) \d+ ms (\w+)$", local_stack.printed(), re.MULTILINE)
        missing.difference_update(f"{answered} {function}" for answered, function in told)
        return not missing or any("below 500" in line for line in missing)

    local_stack.wait_for(all_told)
    assert missing == set()
