"""Runs the endpoint until its standard input ends: `python -m bench.aws`. It prints its port."""

from __future__ import annotations

import sys
import threading

from bench.aws.server import Server
from bench.stack import Stack


def main() -> None:
    """Serve."""
    server = Server(Stack().tables)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
