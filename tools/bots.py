"""Choose the bots that Vibetrace's events are not taken from, out of the list that crawler-user-agents keeps."""

from __future__ import annotations

import importlib.metadata
import json
import re
import textwrap
from importlib import resources
from typing import Any

PACKAGE = "crawler-user-agents"
#: Those that run a page's scripts, or act on pages as a person does. The rest never sends an event.
KINDS = frozenset({"search-engine", "ai-crawler", "monitoring", "browser-automation"})
#: An app's server sends events with a library.
LIBRARY = "http-library"
#: What `bots.py` knows already, whatever the name.
KNOWN = re.compile(r"bot\b|crawl|spider|slurp", re.IGNORECASE)
#: A shorter name might be part of another word, in the user agent of a person.
SHORTEST = 8


def names(entries: list[dict[str, Any]]) -> list[str]:
    """Return the names to look for in a user agent: lower case, and plain text, so that nothing has to be compiled."""
    chosen = set()
    for entry in entries:
        kinds = set(entry["tags"])
        name = re.sub(r"\\([^\w\s])", r"\1", entry["pattern"]).lower()  # Without the escapes of an expression.
        if LIBRARY in kinds or not kinds & KINDS or KNOWN.search(name) or len(name) < SHORTEST:
            continue
        if not re.search(r"[\[\](){}|^$*+?]", name):
            chosen.add(name)
    return sorted(chosen)


def module() -> str:
    """Return layers/nereid/nereid/core/audience/vibetrace/bot_names.py."""
    package = importlib.metadata.distribution(PACKAGE)
    entries = json.loads((resources.files("crawleruseragents") / f"{PACKAGE}.json").read_text(encoding="utf-8"))
    licence = next(file for file in package.files or [] if file.name == "LICENSE").read_text(encoding="utf-8")
    listed = "".join(f"        {json.dumps(name)},\n" for name in names(entries))
    notice = textwrap.indent(licence.strip(), "# ", lambda _: True).replace("# \n", "#\n")
    return f'''"""Names of bots that {PACKAGE} {package.version} lists. Written by `make generate` (tools/bots.py)."""

{notice}

#: In lower case.
BOT_NAMES = frozenset(
    {{
{listed}    }}
)
'''
