"""What the broker's reason codes mean for whoever connects: come again, call an operator, or set a row aside.

MQTT 5.0, section 2.4, and 3.1.2.2.3 of 3.1.1 for brokers that know no other version. A code that is not here is a
matter of time: the broker is asked again.
"""

import re

from gateway.sinks.contract import Lost, Poisoned, Refused

CLOSED = 0x00
"""The connection was closed without a word: what Mosquitto 2.0 does when a client is taken over."""
PROTOCOL = 0x82
SILENT = 0x8D
TAKEN_OVER = 0x8E
TOO_LARGE = 0x95
NO_QOS = 0x9B

SURELY, LIKELY = 3, 5
"""So often within ten minutes a connection is taken over, or closed without a word, before an operator is called."""

_ERRNO = re.compile(r"\[Errno \d+\] ")
_CONNECT = {
    0x84: "the broker does not speak MQTT 5; use one that does (Mosquitto 1.6 or newer)",
    0x85: "the broker does not take the client id {client!r}; set client_id in {table}",
    0x86: "wrong user name or password for {user}; correct username and the password behind {table} password",
    0x87: "{user} may not connect; allow it on the broker, or set username and password in {table}",
    0x8A: "the broker has banned {client!r}; lift the ban, or set client_id in {table}",
    0x8C: "the broker wants a method of authentication that Waypost does not have; allow a password or a certificate",
    0x90: "the broker does not take the topic {topic}; set prefix in {table}",
    0x95: "the broker takes no packet of the size of our will; raise its limit",
    0x9A: "the broker keeps no retained messages; allow them there",
    0x9B: "the broker takes no messages of QoS 1; allow them there",
    0x9C: "the broker names another one to use: {server}; set url in {table}",
    0x9D: "the broker has moved to {server}; set url in {table}",
}
_PUBLISH = {
    0x87: "{user} may not publish to {topic}; allow it to write to {root}/# in the broker's access list",
    0x90: "the broker does not take the topic {topic}; set prefix in {table}",
}
_POISONED = {
    0x95: "the broker takes no message of {size} bytes",
    0x99: "the broker does not take the format of the message",
}


class Ended(Exception):
    """A connection is over. `code` is the broker's reason, None if it gave none; `error` is Lost or Refused."""

    def __init__(self, code: int | None, error: Lost | Refused) -> None:
        super().__init__(str(error))
        self.code = code
        self.error = error


class Reasons:
    """Turns codes into errors that name the broker.

    broker  its URL, without secrets; user the name or None; client the id; root what all our topics begin with
    table   where an operator finds the settings
    """

    def __init__(self, broker: str, user: str | None, client: str, root: str, table: str) -> None:
        self._broker = broker
        self._table = table
        self._words = {
            "user": "somebody without a name" if user is None else f"the user {user!r}",
            "client": client,
            "root": root,
            "table": table,
            "topic": f"{root}/status",
            "server": "none that it tells",
        }

    def lost(self, why: str) -> Lost:
        """It passes by itself."""
        return Lost(f"{self._broker}: {why}")

    def refused(self, why: str) -> Refused:
        """An operator must change something."""
        return Refused(f"{self._broker}: {why}")

    def broken(self, text: str) -> Lost | Refused:
        """Of a connection that broke with this text; alerts of TLS are those of RFC 8446, section 6.2."""
        if "ALERT" in text.upper() and any(word in text.upper() for word in ("CERTIFICATE", "UNKNOWN_CA")):
            return self.refused(
                f"the broker does not accept our certificate ({text}); set cert and key in {self._table} to one that "
                "it knows"
            )
        return self.lost(f"the connection broke: {_ERRNO.sub('', text)}")

    def hung_up(self, code: int, name: str, server: str | None) -> Lost | Refused:
        """Of a DISCONNECT; as `not_let_in`, but that a packet which was too large was not our will."""
        if code == TOO_LARGE:
            return self.lost("the broker takes no packet of the size of what it was sent")
        return self.not_let_in(code, name, server)

    def not_let_in(self, code: int, name: str, server: str | None) -> Lost | Refused:
        """Of a CONNACK; `name` is the standard's, `server` another one that the broker names."""
        if code in _CONNECT:
            words = self._words | ({} if server is None else {"server": repr(server)})
            return self.refused(_CONNECT[code].format_map(words))
        return self.lost(f"{name.lower()} (reason code 0x{code:02X})")

    def not_published(self, code: int, name: str, topic: str, size: int) -> Lost | Refused | Poisoned:
        """Of a PUBACK for a message of `size` bytes."""
        words = self._words | {"topic": topic, "size": str(size)}
        if code in _PUBLISH:
            return self.refused(_PUBLISH[code].format_map(words))
        if code in _POISONED:
            return Poisoned(f"{_POISONED[code].format_map(words)} (reason code 0x{code:02X})")
        return self.lost(f"did not take a message to {topic}: {name.lower()} (reason code 0x{code:02X})")

    def not_subscribed(self, topic: str, name: str) -> Refused:
        """Of a SUBACK."""
        user = self._words["user"]
        return self.refused(
            f"{user} may not listen to {topic} ({name.lower()}); allow it to read that in the broker's access list"
        )

    def taken_over(self, code: int, often: int) -> Lost | Refused:
        """Somebody connected with our client id, or it looks like that, for the `often`-th time lately."""
        client = repr(self._words["client"])
        if code == TAKEN_OVER and often < SURELY:
            return self.lost(f"another client has taken over the client id {client}")
        if code == CLOSED and often < LIKELY:
            return self.lost("the broker closed the connection without giving a reason")
        seen = "connects" if code == TAKEN_OVER else "seems to connect"
        return self.refused(
            f"another client {seen} with the client id {client} again and again: is this card a copy of one that "
            f"runs elsewhere? Stop one of the two, or give each its own client_id in {self._table} and its own site"
        )
