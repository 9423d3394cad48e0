"""Requests under /api/client that no endpoint handles: other spellings, preflights, other methods, no route."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import spellings
from nereid.runtime import runtime

handler = client.answering(partial(spellings.answer, runtime))
