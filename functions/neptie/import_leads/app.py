"""POST /api/leads/import: add and update up to 1000 leads from JSON or CSV."""

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import LEAD_IMPORT
from nereid.core.outreach.leads import import_leads
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import imports as neptie_import
from nereid.dialects.neptie.bodies import ImportQuery
from nereid.runtime import runtime


@neptie.counting_endpoint(runtime, "write:leads", bucket=LEAD_IMPORT, max_body=neptie_import.MAX_BYTES)
def handler(request: Request, caller: Caller, count: neptie.Count) -> Response:
    """Answer with the result of the import. Every row counts against the rate limit, invalid ones too."""
    query = neptie.parse(ImportQuery, neptie.query(request))
    rows = neptie_import.rows(request, query.columns)
    count.take(len(rows))
    good, errors = neptie_import.checked(rows)
    imported = import_leads(runtime.leads, runtime.clock, caller.team_id, good)
    return Response(200, {**imported._asdict(), "errors": errors})
