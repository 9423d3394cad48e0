"""POST /api/client/segment: take Segment's identify, track and alias calls."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(intake.segment, runtime))
