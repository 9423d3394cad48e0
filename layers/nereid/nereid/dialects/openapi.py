"""The description of the APIs as it is served: docs/openapi.json, with the URL at which the stack is reached."""

import hashlib
import json
from pathlib import Path

from nereid.dialects.http import Request, Response

#: Written by `make generate`; what a layer is built of has to lie in the layer's folder.
FILE = Path(__file__).with_name("openapi.json")
#: Stands in the file where the stack's URL goes.
URL = "STACK-URL"
#: For how long a client need not ask again, in seconds. A deployment changes the document.
_MAX_AGE = 300


def answer(request: Request, base_url: str) -> Response:
    """Return the document, or 304 if the caller has it.

    It is text to us: to parse it would take longer than all the rest.
    """
    text = FILE.read_text(encoding="utf-8").replace(f'"{URL}"', json.dumps(base_url))
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": f"public, max-age={_MAX_AGE}", "ETag": tag}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return Response(304, "", headers) if tag in known else Response(200, text, headers)
