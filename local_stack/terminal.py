"""The local stack's output on the terminal: one readable line per event, on standard error."""

from __future__ import annotations

import json
import sys
import threading

_lock = threading.Lock()
_colours = sys.stderr.isatty()
_CODES = {"error": "31", "warning": "33", "dim": "2", "ok": "32"}
_QUIET_LEVELS = {"DEBUG", "INFO", "TRACE", "NOTSET"}
# Members that the logger adds to every entry and that are useless on a terminal.
_NOISE = (
    "level",
    "timestamp",
    "service",
    "location",
    "cold_start",
    "function_name",
    "function_arn",
    "function_memory_size",
    "function_request_id",
    "api_request_id",
    "xray_trace_id",
    "sampling_rate",
    "stack_trace",
)


def say(text: str, style: str = "") -> None:
    """Print one message.

    Parameters
    ----------
    text : str
        What to print.
    style : str
        One of "error", "warning", "dim", "ok", or nothing.
    """
    code = _CODES.get(style)
    if code and _colours:
        text = f"\x1b[{code}m{text}\x1b[0m"
    with _lock:
        print(text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Print a warning of the local stack itself.

    Parameters
    ----------
    text : str
        What to print.
    """
    say(f"local: {text}", "warning")


def function_line(function: str, line: str, *, verbose: bool) -> str | None:
    """Turn a line that a function wrote into one worth reading.

    Parameters
    ----------
    function : str
        Logical id of the function.
    line : str
        The line as written.
    verbose : bool
        Keep informational lines and metrics too.

    Returns
    -------
    str or None
        The line to print, None when it is not for the eyes.
    """
    line = line.rstrip()
    if not line:
        return None
    try:
        entry = json.loads(line) if line.startswith("{") else None
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        if not verbose and line.startswith(("[INFO]", "[DEBUG]")):
            return None
        return f"[{function}] {line}"
    if "_aws" in entry:
        return f"[{function}] {line}" if verbose else None
    level = str(entry.get("level", "")).upper()
    if level in _QUIET_LEVELS and not verbose:
        return None
    message = entry.pop("message", "")
    for name in _NOISE:
        entry.pop(name, None)
    trace = entry.pop("exception", None)
    details = " ".join(f"{key}={value}" for key, value in entry.items())
    text = f"[{function}] {level} {message} {details}".rstrip()
    return f"{text}\n{trace}" if isinstance(trace, str) else text
