"""What a codec raises."""


class ProtocolError(Exception):
    """The peer broke its protocol in a way that only a new connection mends."""


class Farewell(ProtocolError):
    """Nothing is wrong: the peer wishes that the connection ends here."""


class Unsupported(Exception):
    """The device cannot do what the settings ask for; the text says what it can do."""
