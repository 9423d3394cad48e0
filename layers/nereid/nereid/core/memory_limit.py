"""A limit of memory for work on content that callers choose: templates, conditions, and the HTML of mails.

What such work may make is bounded where it is done. This limit is the system's own and holds for all that was not
thought of there, in C as well: it refuses the memory, and the work fails instead of the function.
"""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nereid.errors import TemplateFailed

#: Most memory that one piece of work may take beyond what the function has, in bytes.
MAX_BYTES = 48_000_000
#: Where Linux tells a process's sizes in pages; the sixth is what `RLIMIT_DATA` limits, and its stack.
_SIZES = Path("/proc/self/statm")


@contextmanager
def memory_limit() -> Iterator[None]:
    """Stop the work inside when it takes more than `MAX_BYTES`. Inside another limit, that one holds.

    The limit is the process's, so it is for work in its main thread only, as the limit of time is. Where the system
    does not know it, there is none.

    Raises
    ------
    TemplateFailed
        If the work took too much.
    """
    if threading.current_thread() is not threading.main_thread() or not _SIZES.exists():
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    used = int(_SIZES.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    limit = used + MAX_BYTES
    if before == resource.RLIM_INFINITY or limit < before:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    except MemoryError:
        raise TemplateFailed("took too much memory") from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))
