"""POST /api/client/alias: link an anonymous id to a known user."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(intake.alias, runtime))
