"""Keeps which actions of AWS each function needs, so that tools/policies.py can compare them with its policy."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: Names the folder that they are kept in, a file per process; without it, none are.
VARIABLE = "NEREID_USED_ACTIONS"
# Names here begin with the stack's. Tests make queues anew under names that are numbered.
_NAME = re.compile(r"(?:.*[-/])?([A-Z]\w*(?:Table|Queue))(?:-[0-9a-f-]{36}(-dead)?)?(/index/\w+)?")


class UsedActions:
    """The actions that were needed, each with the table (and its index) or queue that it concerned."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()

    def note(self, function: str, action: str, resource: str) -> None:
        """Add one, unless it is kept already.

        Parameters
        ----------
        function : str
            Its logical id, or its folder.
        action : str
            As IAM names it.
        resource : str
            An ARN. Only those of tables and queues are told apart.
        """
        folder = os.environ.get(VARIABLE)
        entry = (function, action, logical_name(action, resource))
        if not folder or entry in self._seen:
            return
        self._seen.add(entry)
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / str(os.getpid())).open("a", encoding="utf-8") as file:
            file.write("\t".join(entry) + "\n")


def logical_name(action: str, resource: str) -> str:
    """Return the logical id of a table or queue, with the index if there is one; of anything else nothing.

    Parameters
    ----------
    action : str
        That concerns it.
    resource : str
        Its ARN.
    """
    found = _NAME.fullmatch(resource.rpartition(":")[2])
    if found is None or not action.startswith(("dynamodb:", "sqs:")):
        return ""
    name, dead, index = found.groups()
    return (name.replace("Queue", "DeadLetterQueue") if dead else name) + (index or "")
