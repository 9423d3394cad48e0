"""A sandbox of Lambda, as far as it matters for what a function costs: run by path, with Python's own library alone.

    python -I -S -B child.py FD           one function, which is told through the socket FD: as a cold start
    python -I -S -B child.py FD PATH...   a parent that has loaded from these folders what all need; each socket
                                          that comes through FD is a function in a child of it, started at once

The function is told as JSON, a line each way: first what it is, then event after event. CPU is that of this process
alone, user and system, all threads, from the moment that the function is known: what Lambda's runtime has done by then
is not counted.
"""

from __future__ import annotations

import array
import importlib
import importlib.util
import json
import os
import resource
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Loading this here would be a gift to every function.
    from collections.abc import Callable
    from typing import Any


class Context:
    """What Lambda tells a function about its run."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.function_name = job["name"]
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = str(job["memory"])
        self.invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:" + job["name"]
        self.aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
        self.log_group_name = "/aws/lambda/nereid"
        self.log_stream_name = "2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef"
        self._milliseconds: int = job["timeout"] * 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return the function's time-out: no run here is about to end."""
        return self._milliseconds


def _floor() -> Callable[[Any, Context], Any]:
    """Return what every time is compared with: calls of SQS with boto3."""
    import boto3

    client = boto3.client("sqs")

    def handler(event: Any, _context: Context) -> None:
        for _ in range(event["times"]):
            client.send_message(QueueUrl=event["queue"], MessageBody=event["body"])

    return handler


def _load(job: dict[str, Any]) -> Callable[[Any, Context], Any]:
    if job["code"] is None:
        return _floor()
    spec = importlib.util.spec_from_file_location("app", job["code"] + "/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)
    handler: Callable[[Any, Context], Any] = module.handler
    return handler


def _put_forward(seconds: float) -> None:
    """Put the functions' clock forward; a child for what is counted has its module from the first."""
    from datetime import timedelta  # which is counted among what a function loads

    clock: Any = sys.modules["nereid.clock"].SystemClock
    now, ahead = clock.now, timedelta(seconds=seconds)
    clock.now = lambda self: now(self) + ahead


def serve(connection: socket.socket) -> None:
    """Be a function until the other side hangs up."""
    lines = connection.makefile("r", encoding="utf-8")
    job = json.loads(lines.readline())
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    sys.path[:0] = job["paths"]
    log = os.memfd_create("log")
    os.dup2(log, 1)
    os.chdir(job["code"] or "/")
    before = len(sys.modules)
    started = time.process_time()
    handler = _load(job)
    if job["ahead"]:
        _put_forward(job["ahead"])
    imported = time.process_time() - started
    at_import = len(sys.modules) - before
    first = True
    for line in lines:
        event, times = json.loads(line)
        context = Context(job)
        answer = None
        began = time.process_time()
        for each in event if times else [event]:
            answer = handler(each, context)
        cpu = time.process_time() - began
        sys.stdout.flush()
        size = os.lseek(log, 0, os.SEEK_END)
        written = os.pread(log, size, 0).decode()
        os.ftruncate(log, 0)
        os.lseek(log, 0, os.SEEK_SET)
        told = {
            "answer": answer,
            "cpu": cpu,
            "log": size,
            "lines": written.count("\n"),
        }
        if first:
            told["imported"] = imported
            told["imported_modules"] = at_import
            told["modules"] = len(sys.modules) - before
            told["loaded"] = sorted(sys.modules)
            told["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            first = False
        connection.sendall(json.dumps(told).encode() + b"\n")


def _receive(control: socket.socket) -> int | None:
    descriptors = array.array("i")
    data, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(descriptors.itemsize))
    for level, kind, content in ancillary:
        if data and (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content)
            return descriptors[0]
    return None


def beget(control: socket.socket, paths: list[str]) -> None:
    """Start a child for each socket that comes, until the other side hangs up."""
    sys.path[:0] = paths
    for name in ("nereid.consumer", "nereid.runtime", "nereid.dialects.endpoint", "liquid"):
        importlib.import_module(name)
    boto3 = importlib.import_module("boto3")
    # The children share the session, and so what it has read of the services.
    for service in ("dynamodb", "sqs", "sesv2", "sns", "secretsmanager"):
        boto3.client(service)
    while (descriptor := _receive(control)) is not None:
        if os.fork() == 0:
            control.close()
            sys.path[:] = sys.path[len(paths) :]
            serve(socket.socket(fileno=descriptor))
            os._exit(0)
        os.close(descriptor)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    own = socket.socket(fileno=int(sys.argv[1]))
    if sys.argv[2:]:
        beget(own, sys.argv[2:])
    else:
        serve(own)
