"""Runs the bench, or parts of it: `python -m bench cold neptune/ingest_event`."""

from __future__ import annotations

from bench.command import main

if __name__ == "__main__":
    main()
