"""A reader for tests of the session: it answers message by message, as told, without sockets or clocks."""

from collections.abc import Callable

from core.records import SECOND, Reads
from drivers.codecs.llrp import Message, Parameter, decode_message, encode_message, encode_parameter
from drivers.codecs.llrp_capabilities import capabilities
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_session import Said, Session
from drivers.codecs.llrp_setup import Reading, ro_spec
from tests.llrp_bytes import epc, message, report, tag, tlv

NOW = 1_760_000_000_000_000
IMPINJ = 25882

Answer = Callable[[Message], list[Message]]


def status(code: int = 0, text: str = "") -> Parameter:
    return Parameter("LLRPStatus", {"status_code": code, "error_description": text})


def refusal(code: int = 109, text: str = "", id: int | None = None) -> Answer:
    """Answers with an ERROR_MESSAGE, to the request's id if none is told."""
    return lambda request: [
        Message("ERROR_MESSAGE", {}, (status(code, text),), request.id if id is None else id)
    ]


def failing(code: int = 101, text: str = "no") -> Answer:
    """Answers with the response that belongs to the request, and a failure in it."""
    return lambda request: [Message(f"{request.name}_RESPONSE", {}, (status(code, text),), request.id)]


def silent(request: Message) -> list[Message]:
    """No answer."""
    return []


def event(*children: Parameter, time: int = NOW, uptime: bool = False) -> Message:
    """A READER_EVENT_NOTIFICATION."""
    stamp = Parameter("Uptime" if uptime else "UTCTimestamp", {"microseconds": time})
    data = Parameter("ReaderEventNotificationData", {}, (stamp, *children))
    return Message("READER_EVENT_NOTIFICATION", {}, (data,))


def unstamped(*children: Parameter) -> bytes:
    """The same without a time, which the standard forbids."""
    return message(63, tlv(246, b"".join(map(encode_parameter, children))))


def greeting(status: int = 0, time: int = NOW, uptime: bool = False) -> Message:
    return event(Parameter("ConnectionAttemptEvent", {"status": status}), time=time, uptime=uptime)


class Peer:
    """A conforming reader by default; `answers` replaces single ones, by the request's name.

    specs  the ROSpecs that it has: id -> state
    """

    def __init__(self, vendor: int = 161, holds: bool = True, specs: dict[int, int] | None = None) -> None:
        self.vendor = vendor
        self.holds = holds
        self.specs = specs or {}
        self.answers: dict[str, Answer] = {}
        self.greeting: Message | bytes = greeting()
        self.antennas: dict[int, bool] = {}
        self.said: list[Message] = []

    def answer(self, request: Message) -> list[Message]:
        """What it sends when it gets `request`."""
        self.said.append(request)
        if request.name in self.answers:
            return self.answers[request.name](request)
        method = getattr(self, f"_{request.name.lower()}", None)
        if method is not None:
            found: list[Message] = method(request)
            return found
        return [] if request.name in ("KEEPALIVE_ACK", "GET_REPORT") else [self._fine(request)]

    @property
    def names(self) -> list[str]:
        """What it was asked, by name."""
        return [message.name for message in self.said]

    def _fine(self, request: Message, *children: Parameter) -> Message:
        return Message(f"{request.name}_RESPONSE", {}, (status(), *children), request.id)

    def _get_reader_capabilities(self, request: Message) -> list[Message]:
        general = Parameter(
            "GeneralDeviceCapabilities",
            {"manufacturer": self.vendor, "model": 7, "firmware": "1.2", "max_antennas": 4},
            (Parameter("GPIOCapabilities"),),
        )
        llrp = Parameter("LLRPCapabilities", {"supports_holding": int(self.holds)})
        return [self._fine(request, general, llrp)]

    def _enable_events_and_reports(self, request: Message) -> list[Message]:
        return []

    def _get_rospecs(self, request: Message) -> list[Message]:
        boundary = Parameter(
            "ROBoundarySpec", {}, (Parameter("ROSpecStartTrigger"), Parameter("ROSpecStopTrigger"))
        )
        survey = Parameter("RFSurveySpec", {}, (Parameter("RFSurveySpecStopTrigger"),))
        specs = [
            Parameter("ROSpec", {"rospec_id": id, "current_state": state}, (boundary, survey))
            for id, state in self.specs.items()
        ]
        return [self._fine(request, *specs)]

    def _add_rospec(self, request: Message) -> list[Message]:
        spec = request.first("ROSpec")
        assert spec is not None
        self.specs[spec.number("rospec_id")] = 0
        return [self._fine(request)]

    def _enable_rospec(self, request: Message) -> list[Message]:
        """It starts at once, and says so."""
        id = request.number("rospec_id")
        self.specs[id] = 2
        return [self._fine(request), event(Parameter("ROSpecEvent", {"type": 0, "rospec_id": id}))]

    def _delete_rospec(self, request: Message) -> list[Message]:
        id = request.number("rospec_id")
        self.specs = {} if id == 0 else {one: state for one, state in self.specs.items() if one != id}
        return [self._fine(request)]

    def _start_rospec(self, request: Message) -> list[Message]:
        self.specs[request.number("rospec_id")] = 2
        return [self._fine(request)]

    def _get_reader_config(self, request: Message) -> list[Message]:
        return [
            self._fine(
                request,
                *(
                    Parameter("AntennaProperties", {"antenna_id": port, "antenna_connected": int(connected)})
                    for port, connected in self.antennas.items()
                ),
            )
        ]


class Play:
    """A session and its peer, talking at a time that stands still until it is moved."""

    def __init__(self, peer: Peer, reading: Reading | None = None) -> None:
        self.peer = peer
        self.now, self.at = NOW, 100.0
        self.session = Session(reading or Reading(), self.now, self.at)
        self.heard: list[Said] = []
        self.bytes = b""
        self._frames = Frames()
        self.exchange()

    def hear(self, *messages: Message | bytes) -> list[Said]:
        """The reader says that; the answer is what the session makes of it and of all that follows."""
        before = len(self.heard)
        data = b"".join(one if isinstance(one, bytes) else encode_message(one) for one in messages)
        self.bytes += data
        self.heard += self.session.receive(data, self.now, self.at)
        self.exchange()
        return self.heard[before:]

    def exchange(self) -> None:
        """Requests and answers, until nobody has anything to say."""
        while data := self.session.data_to_send():
            for frame in self._frames.feed(data):
                answers = self.peer.answer(decode_message(frame))
                if answers:
                    self.hear(*answers)

    def pass_time(self, seconds: float) -> None:
        """Time goes on, and nobody says anything."""
        self.at += seconds
        self.now += round(seconds * SECOND)

    def wait(self) -> list[Said]:
        """Nothing comes until the session's deadline."""
        before = len(self.heard)
        self.pass_time(self.session.deadline - self.at)
        self.heard += self.session.timeout(self.now, self.at)
        self.exchange()
        return self.heard[before:]

    def start(self) -> list[Said]:
        """Up to reading, with a reader that holds nothing."""
        self.hear(greeting())
        while self.session.info is None and self.session.error is None:
            self.wait()
        return self.heard


def our_id(peer: Peer, reading: Reading | None = None) -> int:
    """The id of the ROSpec that a session will want of this peer."""
    reader = capabilities(peer.answer(Message("GET_READER_CAPABILITIES"))[0])
    peer.said.clear()
    return ro_spec(reading or Reading(), reader, extensions=peer.vendor == IMPINJ).number("rospec_id")


def tags_of(heard: list[Said]) -> list[str]:
    return [one.tags.ids[code] for one in heard if isinstance(one, Reads) for code in one.tag]


def old(number: int, age: float = 60) -> bytes:
    """A report of one tag that was seen a while ago."""
    time = NOW - int(age * SECOND)
    return report(tag(epc(number), first=time, last=time))


def name(number: int) -> str:
    return epc(number).hex().upper()


def keepalive(id: int = 98) -> bytes:
    return message(62, id=id)
