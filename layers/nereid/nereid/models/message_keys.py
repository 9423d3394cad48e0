"""The keys of messages: what names a message within its environment, wherever one is stored or referred to.

A server's id is the key itself. An id that a public key gave is a key with a mark in front, so that no app can take the
id of a server's message, whatever it chooses.
"""

#: Begins every key that is not a server's id as it is. No id that people make begins so; one that does gets one more.
_MARK = "\x1f"
_PUBLIC = f"{_MARK}pk:"


def key_of(message_id: str, *, public: bool = False) -> str:
    """Return the key of the message with an id: different ids, and those of different givers, have different keys.

    Parameters
    ----------
    public
        Whether a public key gave the id.
    """
    if public:
        return _PUBLIC + message_id
    return _MARK + message_id if message_id.startswith(_MARK) else message_id


def id_of(key: str) -> str:
    """Return the id, as it was given, of the message with a key."""
    if key.startswith(_PUBLIC):
        return key.removeprefix(_PUBLIC)
    return key[len(_MARK) :] if key.startswith(_MARK * 2) else key
