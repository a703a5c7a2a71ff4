"""Serial ports: what their adapters say, and who answers on them."""

import asyncio
from collections.abc import Sequence

from drivers.codecs.questions import QUESTIONS
from drivers.codecs.recognise import CONSOLE, MODEM, Speaker
from drivers.serial_port import SerialPort, open_port
from gateway.discover.finding import Finding, Report, Value
from gateway.discover.holders import holder
from gateway.discover.known import Known
from gateway.discover.serial_ports import Port, attached, named
from gateway.discover.serial_probe import LISTEN_BAUDS, SCAN_BAUDS, Heard, Probe

AT_ONCE = 64
"""Ports."""

USUAL = {one.kind: one.bauds[0] for one in QUESTIONS} | {"scanner": SCAN_BAUDS[0]}
"""Baud rates that need not be written into a url."""

_OTHERS = ("gps", MODEM, CONSOLE)
"""Nothing is proposed for them; a receiver that was heard is of the kind nmea."""


class SerialFinder:
    """paths: only these ports; none: all that there are."""

    name = "serial"

    def __init__(self, known: Known, paths: Sequence[str] = ()) -> None:
        self._known = known
        self._paths = paths

    async def find(self, report: Report, until: float) -> None:
        """All ports side by side."""
        ports = [named(path) for path in self._paths] if self._paths else await asyncio.to_thread(attached)
        if not ports:
            report.say(self.name, "no serial ports")
            return
        listed = ", ".join(port.path for port in ports)
        report.say(self.name, f"{listed}; if a barcode scanner is there, scan something now, and again")
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for port in ports:
                tasks.create_task(self._look(port, report, until, turns))

    async def _look(self, port: Port, report: Report, until: float, turns: asyncio.Semaphore) -> None:
        async with turns:
            report.found(await self._who(port, until))

    async def _who(self, port: Port, until: float) -> Finding:
        id = self._known.port(port.path)
        if id is not None:
            return self._unknown(port, "", known=id)
        held = await asyncio.to_thread(holder, port.path)
        if held is not None:
            remark = '; kind = "gpsd" gets the positions from it' if held.startswith("gpsd ") else ""
            return self._unknown(port, f"{held} has it; not touched{remark}", busy=True)
        asks = port.usb is None or port.usb.role in ("adapter", "scanner")
        try:
            async with open_port(SerialPort(port.path, LISTEN_BAUDS[0])) as stream:
                heard = await Probe(stream, asks, until).who()
        except (OSError, EOFError) as error:
            return self._unknown(
                port, str(error).removeprefix(f"{port.path}: "), busy="another program" in str(error)
            )
        return self._finding(port, heard)

    def _unknown(self, port: Port, remark: str, busy: bool = False, known: str | None = None) -> Finding:
        return Finding(
            self.name,
            port.path,
            "busy" if busy else "unknown",
            model=port.about,
            remarks=tuple(filter(None, (remark, port.remark))),
            known=known,
        )

    def _finding(self, port: Port, heard: Heard) -> Finding:
        speaker = heard.speaker
        if speaker is None and port.usb is not None and port.usb.role in ("gps", "modem"):
            speaker = Speaker(port.usb.role, f"{port.usb.name}, by its USB numbers")
        if speaker is None:
            return self._unknown(port, f"{heard.text}; {_advice(port)}")
        rate = f"at {heard.baud} baud" if heard.speaker is not None else ""
        about = "; ".join(filter(None, (speaker.model, rate, port.about)))
        if speaker.kind in _OTHERS:
            return Finding(
                self.name, port.path, kind=speaker.kind, model=about, remarks=_some(speaker.remark)
            )
        settings: dict[str, Value] = {"url": _url(port.path, speaker.kind, heard.baud), **speaker.settings}
        return Finding(
            self.name,
            port.path,
            "ready",
            speaker.kind,
            port.number or port.path.rpartition("/")[2],
            about,
            settings,
            speaker.ports,
            (*_some(speaker.remark), *_some(port.remark)),
        )


def _url(path: str, kind: str, baud: int) -> str:
    rate = "" if baud == USUAL.get(kind) else f"?baud={baud}"
    return f"serial://{path.replace('%', '%25').replace('?', '%3F').replace('#', '%23')}{rate}"


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _advice(port: Port) -> str:
    if port.usb is not None and port.usb.role == "scanner":
        return "a scanner by its maker: scan something meanwhile, or set it to USB CDC (virtual COM port)"
    return "look at power and cable of what is there; a scanner has to scan something meanwhile"
