"""Bots, by their user agent. Better a bot too many than a person too few."""

import re

from nereid.core.audience.vibetrace.bot_names import BOT_NAMES

_WORDS = re.compile(
    r"bot\b|crawl|spider|slurp|facebookexternalhit|mediapartners-google|headlesschrome", re.IGNORECASE | re.ASCII
)
#: Characters of a user agent that are looked at. Bots give their names early.
_LOOKED_AT = 1000


def is_bot(*agents: object) -> bool:
    """Tell whether one of these user agents is a bot's. A value that is no text says nothing."""
    return any(isinstance(agent, str) and _names_a_bot(agent[:_LOOKED_AT]) for agent in agents)


def _names_a_bot(agent: str) -> bool:
    if _WORDS.search(agent):
        return True
    lower = agent.lower()
    return any(name in lower for name in BOT_NAMES)
