"""Who is a bot, by its user agent. A light list: better a bot too many than a person too few."""

import re

_BOT = re.compile(
    r"bot\b|crawl|spider|slurp|facebookexternalhit|mediapartners-google|headlesschrome", re.IGNORECASE | re.ASCII
)


def is_bot(*agents: object) -> bool:
    """Tell whether one of these user agents is a bot's; what is no text says nothing."""
    return any(isinstance(agent, str) and _BOT.search(agent) is not None for agent in agents)
