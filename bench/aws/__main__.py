"""Runs the endpoint until its standard input ends: `python -m bench.aws`. It prints its port.

With a folder as its argument it speaks TLS, and the folder has the bundle that clients are to trust.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from bench.aws.server import Server
from bench.stack import Stack


def main() -> None:
    """Serve."""
    server = Server(Stack().tables)
    if sys.argv[1:]:
        from bench.aws.certificate import made

        server.socket = made(Path(sys.argv[1])).wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
