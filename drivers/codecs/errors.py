"""What a codec raises."""


class ProtocolError(Exception):
    """The peer broke its protocol in a way that only a new connection mends."""
