"""The local stack's settings: its environment and its arguments, read once at the start."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_PORT = 3000
#: This machine's names for itself, and containers' name for it. No DNS of others can point these here.
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})
_LAST_PORT = 65535


class StartError(Exception):
    """Raised for what keeps the local stack from starting."""


class SettingsError(StartError):
    """Raised when an environment variable or an argument cannot be used."""


@dataclass(frozen=True)
class Settings:
    """How to run the local stack.

    Parameters
    ----------
    template : Path
        The SAM template; code paths in it are relative to its folder.
    state_dir : Path
        Where local.json and caches are written.
    port : int
        Port of the API; 0 takes any free one.
    aws_host : str
        Where the AWS endpoint listens; containers need an address that they can reach.
    aws_port : int
        The AWS endpoint's port; 0 takes any free one.
    emulator : str or None
        URL of another AWS emulator, used instead of the embedded one.
    region : str
        The pretended region.
    verbose : bool
        Print everything that functions log, not only warnings and errors.
    aws_paths : bool
        Decode paths as HTTP APIs of AWS were seen to, instead of once.
    parameters : mapping of str to str
        Values for parameters of the template, in place of its defaults and of the stack's own.
    ses_rate : float or None
        How many mails a second SES takes; None for any number.
    ses_daily_quota : int or None
        How many mails SES takes in 24 hours; None for any number.
    hosts : frozenset of str
        The names under which the stack answers, in lower case.
    """

    template: Path
    state_dir: Path
    port: int = DEFAULT_PORT
    aws_host: str = "127.0.0.1"
    aws_port: int = 0
    emulator: str | None = None
    region: str = DEFAULT_REGION
    verbose: bool = False
    aws_paths: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    ses_rate: float | None = None
    ses_daily_quota: int | None = None
    hosts: frozenset[str] = OWN_HOSTS

    @property
    def root(self) -> Path:
        """The folder that the template's paths start from."""
        return self.template.parent


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdigit() or int(text) > _LAST_PORT:
        raise SettingsError(f"{name} must be a port number, not {text!r}")
    return int(text)


_Number = TypeVar("_Number", int, float)


def _limit(name: str, number: Callable[[str], _Number]) -> _Number | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        value = number(text)
    except ValueError:
        value = number("0")
    if not 0 < value < math.inf:
        raise SettingsError(f"{name} must be a number above 0, not {text!r}")
    return value


def _switch(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _hosts() -> frozenset[str]:
    named = (name.strip().lower() for name in os.environ.get("NEREID_HOSTS", "").split(","))
    return OWN_HOSTS | {name for name in named if name}


def _overrides(arguments: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(prog="make run", description="Start the product on this machine.")
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="values for parameters of the template, as for a deployment",
    )
    given = {}
    for text in parser.parse_args(arguments).parameter_overrides:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise SettingsError(f"--parameter-overrides takes NAME=VALUE, not {text!r}")
        given[name] = value
    return given


def read_settings(arguments: Sequence[str] = ()) -> Settings:
    """Read the settings.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.

    Returns
    -------
    Settings
        With absolute paths.

    Raises
    ------
    SettingsError
        When a variable or an argument has an impossible value or the template is missing.
    """
    root = Path(__file__).resolve().parent.parent
    template = Path(os.environ.get("NEREID_TEMPLATE") or root / "template.yaml").resolve()
    if not template.is_file():
        raise SettingsError(f"there is no template at {template}")
    return Settings(
        template=template,
        state_dir=Path(os.environ.get("NEREID_STATE_DIR") or root / ".nereid").resolve(),
        port=_port("PORT", DEFAULT_PORT),
        aws_host=os.environ.get("NEREID_AWS_HOST") or "127.0.0.1",
        aws_port=_port("NEREID_AWS_PORT", 0),
        emulator=(os.environ.get("AWS_ENDPOINT_URL") or "").rstrip("/") or None,
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
        verbose=_switch("NEREID_VERBOSE"),
        aws_paths=_switch("NEREID_AWS_PATHS"),
        parameters=_overrides(arguments),
        ses_rate=_limit("LOCAL_SES_RATE", float),
        ses_daily_quota=_limit("LOCAL_SES_DAILY_QUOTA", int),
        hosts=_hosts(),
    )
