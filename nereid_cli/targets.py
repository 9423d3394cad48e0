"""Which stack a command talks to, and with which token.

What was named with --profile counts first, then `.nereid/local.json` in the current folder, then NEREID_URL with
NEREID_TOKEN, then what `nereid login` kept.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w

from nereid_cli.errors import Mistake

DEFAULT_PROFILE = "default"
#: What the local stack tells of itself, in the folder where it was started.
LOCAL = Path(".nereid") / "local.json"
_OWN_NAMES = {"localhost", "host.docker.internal"}


@dataclass(frozen=True)
class Target:
    """A stack, and the token for it.

    Parameters
    ----------
    url : str
        The base URL of its APIs, without a slash at the end.
    token : str
        An API token.
    source : str
        Where they come from, in words.
    """

    url: str
    token: str = field(repr=False)
    source: str

    @property
    def is_here(self) -> bool:
        """Return whether it is a stack on this machine."""
        return is_here(self.url)


def is_here(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in _OWN_NAMES


def checked_url(text: str, source: str) -> str:
    """Return a base URL without the slash at its end.

    Parameters
    ----------
    text : str
        What was given.
    source : str
        Where it was given, for the error.

    Raises
    ------
    Mistake
        If it is no URL, or would send the token unencrypted to another machine.
    """
    url = text.strip().rstrip("/")
    parts = None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts is None or parts.query or parts.fragment or parts.username is not None:
        raise Mistake(
            f"{source}: {text!r} is no base URL, such as https://abc123.execute-api.eu-central-1.amazonaws.com"
        )
    if parts.scheme == "http" and not is_here(url) and os.environ.get("NEREID_ALLOW_HTTP") != "1":
        raise Mistake(
            f"{source}: {url} is not encrypted, and the token would be readable on its way. "
            "Use https, or set NEREID_ALLOW_HTTP=1 if the way is safe."
        )
    return url


def config_file() -> Path:
    """Return the file that `nereid login` keeps profiles in (XDG Base Directory Specification)."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(given) if Path(given).is_absolute() else Path.home() / ".config"
    return folder / "nereid" / "config.toml"


def find(profile: str | None) -> Target:
    """Find the stack and the token of a command.

    Parameters
    ----------
    profile : str, optional
        The profile that was named; None leaves the choice to what is there.

    Raises
    ------
    Mistake
        If there is none, or what is there cannot be read.
    """
    if profile is not None:
        return _of_profile(profile)
    if LOCAL.is_file():
        return _of_local_stack()
    url, token = os.environ.get("NEREID_URL"), os.environ.get("NEREID_TOKEN")
    if url and token:
        return Target(checked_url(url, "NEREID_URL"), checked_token(token, "NEREID_TOKEN"), "NEREID_URL")
    if url or token:
        given, missing = ("NEREID_URL", "NEREID_TOKEN") if url else ("NEREID_TOKEN", "NEREID_URL")
        raise Mistake(f"{given} is set, {missing} is not: set both, or neither and log in (nereid login).")
    if DEFAULT_PROFILE not in profiles():
        raise Mistake(
            "You are not logged in: nereid login. Or start a stack in this folder (make run), "
            "or set NEREID_URL and NEREID_TOKEN."
        )
    return _of_profile(DEFAULT_PROFILE)


def profiles() -> dict[str, Any]:
    """Return the profiles that are kept, by name."""
    kept = _config().get("profiles", {})
    return kept if isinstance(kept, dict) else {}


def keep(profile: str, url: str, token: str) -> Path:
    """Keep a profile, and return the file; nobody else on this machine may read it."""
    config = _config()
    config["profiles"] = {**profiles(), profile: {"url": url, "token": token}}
    return _write(config)


def forget(profile: str) -> Path:
    """Forget a profile, and return the file.

    Raises
    ------
    Mistake
        If there is none of this name.
    """
    config, kept = _config(), profiles()
    if profile not in kept:
        raise Mistake(_no_profile(profile))
    config["profiles"] = {name: value for name, value in kept.items() if name != profile}
    return _write(config)


def _of_profile(profile: str) -> Target:
    kept = profiles().get(profile)
    if not isinstance(kept, dict):
        raise Mistake(_no_profile(profile))
    source = f"the profile {profile}"
    url, token = kept.get("url"), kept.get("token")
    if not isinstance(url, str) or not isinstance(token, str):
        raise Mistake(f"{config_file()}: {source} has no url or no token: nereid login --profile {profile}")
    return Target(checked_url(url, source), checked_token(token, source), source)


def _no_profile(profile: str) -> str:
    known = ", ".join(sorted(profiles()))
    there = f"there are {known}" if known else "none is kept"
    return f"There is no profile {profile} ({there}): nereid login --profile {profile}"


def _of_local_stack() -> Target:
    try:
        told = json.loads(LOCAL.read_text(encoding="utf-8"))
        url, token = told["base_url"], told["api_token"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Mistake(f"{LOCAL} cannot be read ({error!r}): start the stack again (make run)") from error
    if not token:
        raise Mistake(f"{LOCAL} has no API token: start the stack again (make run)")
    return Target(checked_url(str(url), str(LOCAL)), checked_token(str(token), str(LOCAL)), str(LOCAL))


def checked_token(text: str, source: str) -> str:
    """Return a token without what surrounds it.

    Raises
    ------
    Mistake
        If it cannot be one.
    """
    token = text.strip()
    # Anything else is no header's value, and none of the API's tokens.
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Mistake(f"{source}: that is no API token")
    return token


def _config() -> dict[str, Any]:
    file = config_file()
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Mistake(f"{file} cannot be read: {error}") from error


def _write(config: dict[str, Any]) -> Path:
    file = config_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Made for its owner alone, and put in place as a whole: nobody ever sees half a file, or a readable one.
        handle, partial = tempfile.mkstemp(dir=file.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "wb") as written:
                tomli_w.dump(config, written)
            Path(partial).replace(file)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error}") from error
    return file
