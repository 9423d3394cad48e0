"""GET /neptune/app_notifications/{environment}: a user's inbox."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.app_notifications import list_app_notifications
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import AppNotificationsQuery
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of notifications; an unknown user has none."""
    query = neptune.parse(AppNotificationsQuery, dict(request.query))
    scope = runtime.credentials.environment(caller, request.params["environment"]).scope
    oldest_first = query.sort_order == "asc"
    listed = list_app_notifications(
        runtime.inbox,
        runtime.deliveries,
        scope,
        query.user_id,
        query.type,
        query.page,
        query.per_page,
        query.before,
        oldest_first=oldest_first,
    )
    shown = [neptune.app_notification_object(each) for each in listed.notifications]
    more = {"unread": listed.unread, "next_before": listed.next_before}
    return neptune.page(shown, query.page, query.per_page, listed.total, **more)
