"""Logging in: keeping the address of a stack and a token for it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nereid_cli import output, targets
from nereid_cli.api import Api
from nereid_cli.commands.common import DEV
from nereid_cli.errors import Mistake
from nereid_cli.targets import DEFAULT_PROFILE, Target

Name = Annotated[str, typer.Option("--profile", help="The name of the profile.")]


def login(
    url: Annotated[str | None, typer.Argument(help="The base URL of the stack's APIs; asked for if not given.")] = None,
    profile: Name = DEFAULT_PROFILE,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from the standard input instead of asking for it.")
    ] = False,
) -> None:
    """Keep the URL of a stack and an API token for it.

    The token is asked for, tried, and kept in ~/.config/nereid/config.toml, which nobody else on this machine may read.
    An operator makes tokens with `make team`; whoever has one with admin:all makes others at POST /manage/api_tokens.
    """
    interactive = sys.stdin.isatty()
    if url is None and (token_stdin or not interactive):
        raise Mistake("Name the URL of the stack: nereid login URL")
    checked = targets.checked_url(url or typer.prompt("URL of the stack", err=True), "the URL")
    if token_stdin:
        token = sys.stdin.readline().strip()
    elif interactive:
        token = str(typer.prompt("API token", hide_input=True, err=True)).strip()
    else:
        raise Mistake("Nobody is here to type a token: give it with --token-stdin")
    with Api(Target(checked, targets.checked_token(token, "the token"), "this login"), DEV) as api:
        found = [each["identifier"] for page in api.pages("/manage/environments") for each in page]
    file = targets.keep(profile, checked, token)
    output.say(f"Logged in to {checked}. Environments: {', '.join(found) or 'none'}.")
    output.say(f"Kept as the profile {profile} in {file}")


def logout(profile: Name = DEFAULT_PROFILE) -> None:
    """Forget what `nereid login` kept. The token itself stays valid until it is revoked or expires."""
    output.say(f"The profile {profile} is no longer in {targets.forget(profile)}")
