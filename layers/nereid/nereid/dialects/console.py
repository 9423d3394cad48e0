"""The console as it is served: one page at every path, and what it is made of below `/console/assets/`."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from nereid.dialects.console_script import link
from nereid.dialects.http import Request, Response

PATH = "/console"
_ASSETS = f"{PATH}/assets/"
#: Stands in the page where the address of its files goes, which another content of the files changes.
_PLACE = "{assets}"
_PAGE = "index.html"
_SCRIPT, _FIRST_MODULE = "console.js", "js/main.js"
#: The document that rendered mails are put into. It is the one that the page may frame.
_MAIL = "mail.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
#: Nothing but the console's own files runs or is loaded, it calls nobody but this stack, stands in no frame, and makes
#: markup of no text: a browser refuses what would.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
#: A mail has styles of its own and runs nothing. Pictures tell who has them that it was opened: they are asked for.
_MAIL_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src {images}; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_IMAGES = {False: "data:", True: "data: http: https:"}
_FOR_EVER = "public, max-age=31536000, immutable"


class Files:
    """The files of the console.

    Parameters
    ----------
    folder
        Where they are. Nothing outside of it is read, and nothing in it whose kind has no content type.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def contents(self) -> Mapping[str, str]:
        """Return the text of what is served by its name; the modules are one script."""
        found = sorted(path for path in self._folder.rglob("*") if path.suffix in _TYPES)
        texts = {path.relative_to(self._folder).as_posix(): path.read_text(encoding="utf-8") for path in found}
        modules = {name: texts.pop(name) for name in list(texts) if name.endswith(".js")}
        return {**texts, _SCRIPT: link(modules, _FIRST_MODULE)}

    @cached_property
    def version(self) -> str:
        """Return what all of it together is known by; it is another one when anything in it is."""
        digest = hashlib.sha256()
        for name, text in self.contents.items():
            digest.update(f"{name}\0{len(text)}\0{text}".encode())
        return digest.hexdigest()[:16]


def answer(request: Request, files: Files) -> Response:
    """Return a file, or the page for any path that is none: what it shows there, it finds out by itself."""
    if not request.path.startswith(_ASSETS):
        return _page(request, files)
    version, _, name = request.path.removeprefix(_ASSETS).partition("/")
    # A page of another release would get files that do not fit together.
    if version != files.version or name not in files.contents or name == _PAGE:
        return Response(404, "Not Found", content_type="text/plain; charset=utf-8")
    headers = {"Cache-Control": _FOR_EVER, "ETag": f'"{version}"', "Referrer-Policy": "no-referrer"}
    if name == _MAIL:
        headers["Content-Security-Policy"] = _MAIL_POLICY.format(images=_IMAGES["pictures" in request.query])
    return _unless_known(request, Response(200, files.contents[name], headers, _TYPES[Path(name).suffix]))


def _page(request: Request, files: Files) -> Response:
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _PAGE_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "ETag": f'"{files.version}"',
        "Referrer-Policy": "no-referrer",
    }
    text = files.contents[_PAGE].replace(_PLACE, f"{_ASSETS}{files.version}")
    return _unless_known(request, Response(200, text, headers, _TYPES[".html"]))


def _unless_known(request: Request, response: Response) -> Response:
    """Return an answer, or that it is still the one that the caller has."""
    given = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return Response(304, "", response.headers) if response.headers["ETag"] in given else response
