"""Requests under /api/client that no endpoint handles: preflights, other methods, routes not offered."""

from nereid.dialects.client import frame as client
from nereid.runtime import runtime

handler = client.answer_other(runtime)
