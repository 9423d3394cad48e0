"""POST /api/client/events: ingest up to 1000 events."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(intake.events, runtime))
