"""A Python client that openapi-python-client makes, and calls of it that fail unless the answer has its type."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Self

from tests.support.described_answers import OPERATIONS, resolved

NAME = "nereid_client"


def generate(document: str, folder: Path) -> str:
    """Make the client.

    Parameters
    ----------
    document : str
        URL of the document.
    folder : Path
        Where the package goes.

    Returns
    -------
    str
        What the generator says.
    """
    program = str(Path(sys.executable).with_name("openapi-python-client"))
    command = [program, "generate", "--meta", "none", "--url", document, "--output-path", str(folder / NAME)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Caller:
    """A generated client with a credential.

    Parameters
    ----------
    package : module
        The client.
    base_url : str
        Whom it calls.
    token : str
        Its credential; empty for none.
    **credential : str
        How the credential is sent.
    """

    #: Operations that succeeded, whoever called them.
    succeeded: set[str] = set()

    def __init__(self, package: types.ModuleType, base_url: str, token: str = "", **credential: str) -> None:
        self.package = package
        settings = {"base_url": base_url, "raise_on_unexpected_status": True, "timeout": 30.0}
        made = (
            package.AuthenticatedClient(token=token, **credential, **settings) if token else package.Client(**settings)
        )
        self.client: Any = made

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.client.__exit__(*error)

    def ask(self, operation: str, *path: str, **given: Any) -> Any:
        """Call an operation; return its status and its answer, as an object of its type.

        Parameters
        ----------
        operation : str
            Its id.
        *path : str
            Its path parameters.
        **given : Any
            Its other parameters, and its body.
        """
        [tag] = OPERATIONS[operation]["tags"]
        function = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
        module = importlib.import_module(f"{self.package.__name__}.api.{tag}.{function}")
        answer = module.sync_detailed(*path, client=self.client, **given)
        status = int(answer.status_code)
        assert type(answer.parsed).__name__ == _type_of(operation, status), (operation, status, answer.parsed)
        return status, answer.parsed

    def call(self, operation: str, *path: str, **given: Any) -> Any:
        """Call an operation that succeeds; return its answer."""
        status, parsed = self.ask(operation, *path, **given)
        assert 200 <= status < 300, (operation, status, parsed)
        self.succeeded.add(operation)
        return parsed

    def body(self, model: str, /, **members: Any) -> Any:
        """Return a body of a type."""
        return getattr(importlib.import_module(f"{self.package.__name__}.models"), model).from_dict(members)


def _type_of(operation: str, status: int) -> str:
    """Return the name of the type that an answer has in a client, by the document."""
    content = resolved(OPERATIONS[operation]["responses"][str(status)]).get("content")
    if not content:
        return "NoneType"
    kind, described = next(iter(content.items()))
    if kind.startswith("text/"):
        return "str"
    schema = described["schema"]
    # Of several, the API's own error comes first.
    return str((schema["anyOf"][0] if "anyOf" in schema else schema)["$ref"]).rpartition("/")[2]
