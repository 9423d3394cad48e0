"""Where requests come from, as limits count it."""

from ipaddress import IPv6Address, ip_address

#: What one subscriber has of IPv6, at least: who has it has 2^64 addresses.
_SUBSCRIBER = 64


def source_of(address: str) -> str:
    """Return the source of a network address: the address itself, or of IPv6 its first 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    network = int(parsed) >> (128 - _SUBSCRIBER) << (128 - _SUBSCRIBER)
    return f"{IPv6Address(network)}/{_SUBSCRIBER}"
