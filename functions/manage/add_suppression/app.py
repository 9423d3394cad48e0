"""POST /manage/suppressions: suppress an e-mail address."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.suppressions import add_suppression
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import SuppressionBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the suppression; it also stops mail that is queued already."""
    body = manage.parse(SuppressionBody, manage.json_object(request))
    added = add_suppression(
        runtime.suppressions, runtime.suppression_listener, runtime.clock, caller.team_id, body.email, body.reason
    )
    return manage.ok(manage.suppression_object(added))
