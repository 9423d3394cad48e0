"""What the local stack is told by its environment, read once at the start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_PORT = 3000
_LAST_PORT = 65535


class SettingsError(Exception):
    """Raised when an environment variable cannot be used."""


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
    """

    template: Path
    state_dir: Path
    port: int = DEFAULT_PORT
    aws_host: str = "127.0.0.1"
    aws_port: int = 0
    emulator: str | None = None
    region: str = DEFAULT_REGION
    verbose: bool = False

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


def from_environment() -> Settings:
    """Read the settings.

    Returns
    -------
    Settings
        With absolute paths.

    Raises
    ------
    SettingsError
        When a variable has an impossible value or the template is missing.
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
        verbose=os.environ.get("NEREID_VERBOSE", "") not in ("", "0"),
    )
