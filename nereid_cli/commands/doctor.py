"""Looking through a deployed stack and its AWS account: `doctor`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import typer
from rich.text import Text

from nereid_cli import output
from nereid_cli.commands.common import Json
from nereid_cli.errors import Mistake


def doctor(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="The stage that was deployed, such as prod.")],
    stack: Annotated[str | None, typer.Option("--stack", help="The stack's name where it is not nereid-STAGE.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="The AWS region; else AWS_REGION or your AWS profile's.")
    ] = None,
    json_: Json = False,
) -> None:
    """Look for what a deployed stack and its AWS account lack before messages reach people.

    It asks AWS with your own credentials, and changes nothing. Each line is ok, missing with what to do, or unknown if
    AWS does not tell. Exits with 1 if something is missing.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        from nereid_cli import checks
    except ImportError as error:
        raise Mistake("doctor asks AWS and needs boto3: pip install 'nereid[doctor] @ git+…' (docs/cli.md)") from error

    config = Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})
    try:
        session = boto3.Session(region_name=region)
    except BotoCoreError as error:  # AWS_PROFILE names none.
        raise Mistake(f"AWS: {error}") from error

    @cache
    def client(service: str) -> Any:
        return session.client(service, config=config)

    found = checks.find(client, stack or f"nereid-{stage}")
    findings = list(checks.examine(client, found))
    if json_:
        output.as_json([each._asdict() for each in findings])
    else:
        rows = []
        for each in findings:
            rows.append([output.status(each.state), each.subject, each.text])
            if each.remedy:
                rows.append(["", "", Text(f"→ {each.remedy}", "dim")])
        output.table(["", "", ""], rows)
    if any(each.state == "missing" for each in findings):
        raise typer.Exit(1)
