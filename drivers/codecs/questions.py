"""How devices on a serial line are asked what they are. No question changes a setting or starts a radio.

An inquiry is a generator: it yields bytes for the line, and is sent all that came back within ANSWER_SECONDS. What was
meant for another kind of device is noise to it: it fits no length and no checksum.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from drivers.codecs import m100, mercury, ssi, tsl, uhfreader
from drivers.codecs.own_words import words
from drivers.codecs.recognise import SSI_ACK, Speaker

ANSWER_SECONDS = 0.4
"""How long after a question something may begin to come; a reader may be in the middle of something else."""

Inquiry = Generator[bytes, bytes, Speaker | None]


@dataclass(frozen=True, slots=True)
class Question:
    """bauds: the rate that the kind comes with, and then others that are usual."""

    kind: str
    bauds: tuple[int, ...]
    ask: Callable[[], Inquiry]


def _m100() -> Inquiry:
    """In both framings at once: the other one is noise to a module."""
    told = yield b"".join(m100.command(m100.GET_INFO, b"\0", framing) for framing in m100.FRAMINGS)
    answer = _m100_answer(told, m100.GET_INFO)
    if answer is None:
        return None
    hardware = m100.parameters(answer)
    told = yield m100.command(m100.GET_REGION, framing=m100.framing(answer))
    answer = _m100_answer(told, m100.GET_REGION)
    region = b"" if answer is None else m100.parameters(answer)
    names = {code: name for name, code in m100.REGIONS.items()}
    name = names.get(region[-1], f"code {region.hex()}") if region else "unknown"
    return Speaker(
        "m100", words(hardware[1:]) or "M100", remark=f'its region is {name}; region = "..." sets it'
    )


def _m100_answer(data: bytes, command: int) -> bytes | None:
    for one in m100.frames().whole(data):
        if (one[1], one[2]) == (m100.RESPONSE, command):
            return one
    return None


_GET_REGION, _GET_REGIONS = 0x67, 0x71
_FALLBACK = "eu3"


def _mercury() -> Inquiry:
    version = _mercury_data((yield mercury.command(mercury.VERSION)), mercury.VERSION)
    if version is None:
        return None
    now = _mercury_data((yield mercury.command(_GET_REGION)), _GET_REGION) or b""
    offered = _mercury_data((yield mercury.command(_GET_REGIONS)), _GET_REGIONS) or b""
    names = {code: name for name, code in mercury.REGIONS.items()}
    known = [names[code] for code in (*now[-1:], *offered) if code in names]
    offers = f"it has {', '.join(dict.fromkeys(known))}" if known else "it does not tell which it has"
    remark = f"region: take the one of your country; {offers}"
    return Speaker(
        "mercury",
        f"ThingMagic hardware {version[4:8].hex('.')}, firmware {version[12:16].hex('.')}",
        {"region": known[0] if known else _FALLBACK},
        remark,
    )


def _mercury_data(data: bytes, opcode: int) -> bytes | None:
    for one in mercury.frames().whole(data):
        if mercury.opcode(one) == opcode and mercury.status(one) == mercury.OK:
            return mercury.data(one)
    return None


def _uhfreader() -> Inquiry:
    answer = yield uhfreader.frame(uhfreader.ANYBODY, uhfreader.GET_INFO)
    for one in uhfreader.frames().whole(answer):
        said = uhfreader.answer(one)
        known = None if said is None else uhfreader.info(said)
        if known is not None:
            family = "UHFReader288" if known.antennas else "UHFReader18"
            version = "{}.{}".format(*known.version)
            remark = f"its region is {known.region}, its power {known.power} dBm"
            more = "; list the other antennas that are connected" if known.antennas else ""
            return Speaker(
                "uhfreader", f"{family} type {known.type:02X}, firmware {version}", {}, remark + more
            )
    return None


def _tsl() -> Inquiry:
    """What was meant for others is no part of the command."""
    answer = yield b"\r\n" + tsl.command("vr")
    responses = tsl.Responses(Counter())
    for frame in tsl.frames().whole(answer):
        for told in responses.take(frame):
            if isinstance(told, tsl.End) and told.command == "vr" and not told.error:
                return Speaker("tsl", tsl.model(told), ports=())
    return None


_SSI_HEAD = 4


def _ssi() -> Inquiry:
    for one in ssi.frames().whole((yield ssi.packet(ssi.REQUEST_REVISION))):
        if one[1] == ssi.REPLY_REVISION:
            revision = words(one[_SSI_HEAD:-2])
            return Speaker("ssi", f"scanner that speaks SSI, revision {revision}", thanks=SSI_ACK, ports=())
    return None


# A UHFReader takes the first byte of anything for a length, and may wait for the rest: it is asked before the others.
QUESTIONS = (
    Question("uhfreader", (57600, 115200), _uhfreader),
    Question("m100", (115200, 57600, 9600), _m100),
    Question("mercury", (115200, 921600, 9600), _mercury),
    Question("tsl", (115200,), _tsl),
    Question("ssi", (9600, 115200), _ssi),
)
"""In the order in which they are asked."""


def rounds() -> Iterator[tuple[int, list[Question]]]:
    """Baud rates with what is asked at each: first the rates that devices come with, then the others."""
    for rank in range(max(len(one.bauds) for one in QUESTIONS)):
        there = [one for one in QUESTIONS if len(one.bauds) > rank]
        for baud in dict.fromkeys(one.bauds[rank] for one in there):
            yield baud, [one for one in there if one.bauds[rank] == baud]
