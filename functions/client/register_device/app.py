"""POST /api/client/devices: register an installation of an app with its push token."""

from functools import partial

from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.runtime import runtime

handler = client.endpoint(runtime)(partial(intake.devices, runtime))
