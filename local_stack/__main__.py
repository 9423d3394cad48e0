"""Runs the local stack in the foreground: `python -m local_stack`."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from local_stack import terminal
from local_stack.compute.functions import Zygote
from local_stack.http.server import HttpServer
from local_stack.settings import Settings, StartError, read_settings


class _Stop(BaseException):
    """Raised in the main thread when a signal asks for the end."""


def _isolate() -> None:
    # Nothing may reach the developer's own AWS account, whatever the settings of the shell or ~/.aws.
    for name in list(os.environ):
        if name.startswith("AWS_") or name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - the emulator takes any
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )


def _run(settings: Settings) -> int:
    try:
        http = HttpServer(settings.port, is_own=settings.hosts.__contains__)
    except OSError as error:
        return _port_problem(settings.port, "PORT", error)
    # It imports for as long as this process does, so both do it at once.
    zygote = Zygote(Path(__file__).resolve().parent.parent)
    try:
        return _serve(settings, http, zygote)
    finally:
        zygote.stop()
        http.server_close()


def _serve(settings: Settings, http: HttpServer, zygote: Zygote) -> int:
    from local_stack.stack import Stack

    stack = Stack(settings, http, zygote)
    try:
        stack.start()
        threading.Event().wait()
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            return _port_problem(settings.aws_port, "NEREID_AWS_PORT", error)
        raise
    finally:
        stack.stop()
    return 0


def _port_problem(port: int, variable: str, error: OSError) -> int:
    reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
    terminal.say(f"Port {port} {reason}. Set {variable} to another one.", "error")
    return 1


def main() -> int:
    """Run until a signal comes.

    Returns
    -------
    int
        The exit code: 0 after a signal, 1 when the stack could not start.
    """

    def stop(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Stop

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        settings = read_settings(sys.argv[1:])
        _isolate()
        return _run(settings)
    except _Stop:
        terminal.say("Stopped.", "dim")
        return 0
    except StartError as error:
        terminal.say(f"The local stack cannot start: {error}", "error")
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that wait for an answer of a killed sandbox must not hold up the end.
    os._exit(code)
