"""Texts of one line: subjects, titles, names of senders."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """Return a text with line breaks and other control characters as blanks: in a header they would begin another."""
    return _CONTROL.sub(" ", text).strip()
