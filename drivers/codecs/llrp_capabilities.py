"""What a reader can do, from its GET_READER_CAPABILITIES_RESPONSE (LLRP 1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.records import Channels
from drivers.codecs.errors import Unsupported
from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_tables import IMPINJ

_AUTOSET = 1000
"""Impinj's automatic modes begin here; older firmware does not list them."""

_VENDORS = {IMPINJ: "Impinj", 161: "Zebra"}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The tables by which settings become indexes.

    holds       it keeps reports while nobody is connected
    warns       it tells when its buffer for that is filling
    powers      index -> transmit power in dBm
    hop_tables  hop table id -> kHz by channel index - 1; empty if the reader does not hop
    fixed       kHz by channel index - 1, where it does not hop
    modes       ids of the RF modes
    """

    manufacturer: int
    model: int
    firmware: str
    antennas: int
    has_utc_clock: bool
    holds: bool
    warns: bool
    inputs: int
    powers: Mapping[int, float]
    hop_tables: Mapping[int, tuple[int, ...]]
    fixed: tuple[int, ...]
    modes: frozenset[int]

    @property
    def impinj(self) -> bool:
        """The reader knows Impinj's extensions."""
        return self.manufacturer == IMPINJ

    def __str__(self) -> str:
        vendor = _VENDORS.get(self.manufacturer, f"vendor {self.manufacturer}")
        return f"{vendor} model {self.model}, firmware {self.firmware or 'unknown'}, {self.antennas} antennas"

    def power_index(self, dbm: float) -> int:
        """The index of the strongest power that is not above `dbm`. Raises Unsupported if there is none."""
        fitting = {power: index for index, power in self.powers.items() if power <= dbm + 1e-6}
        if not fitting:
            offered = f"{min(self.powers.values())} to {max(self.powers.values())}" if self.powers else "no"
            raise Unsupported(f"power {dbm} dBm: the reader offers {offered} dBm; raise it or leave it out")
        return fitting[max(fitting)]

    def mode(self, id: int) -> int:
        """The RF mode `id`. Raises Unsupported if the reader does not list it."""
        if id not in self.modes and not (self.impinj and id >= _AUTOSET):
            offered = ", ".join(map(str, sorted(self.modes))) or "none"
            raise Unsupported(f"rf_mode {id}: the reader offers {offered}; take one of them or leave it out")
        return id

    def channels(self) -> Channels | None:
        """int32: kHz by channel index, with a 0 at both ends for what is not in the table; None if unknown."""
        table = next(iter(self.hop_tables.values()), ()) or self.fixed
        return np.array([0, *table, 0], np.int32) if table else None


def capabilities(message: Message) -> Capabilities:
    """The capabilities in a GET_READER_CAPABILITIES_RESPONSE; what it does not tell is 0 or empty."""
    none = Parameter("")
    general = message.first("GeneralDeviceCapabilities") or none
    llrp = message.first("LLRPCapabilities") or none
    uhf = (message.first("RegulatoryCapabilities") or none).first("UHFBandCapabilities") or none
    frequency = uhf.first("FrequencyInformation") or none
    hopping = frequency.every("FrequencyHopTable") if frequency.number("hopping") else ()
    modes = [
        entry for table in uhf.every("C1G2UHFRFModeTable") for entry in table.every("C1G2UHFRFModeTableEntry")
    ]
    return Capabilities(
        manufacturer=general.number("manufacturer"),
        model=general.number("model"),
        firmware=str(general.fields.get("firmware", "")),
        antennas=general.number("max_antennas"),
        has_utc_clock=bool(general.number("has_utc_clock")),
        holds=bool(llrp.number("supports_holding")),
        warns=bool(llrp.number("can_report_buffer_fill_warning")),
        inputs=(general.first("GPIOCapabilities") or none).number("gpis"),
        powers={
            one.number("index"): one.number("power") / 100
            for one in uhf.every("TransmitPowerLevelTableEntry")
        },
        hop_tables={table.number("hop_table_id"): _frequencies(table) for table in hopping},
        fixed=_frequencies(frequency.first("FixedFrequencyTable") or none),
        modes=frozenset(entry.number("mode_id") for entry in modes),
    )


def _frequencies(table: Parameter) -> tuple[int, ...]:
    """kHz; none if one does not fit the column of the records."""
    found = table.fields.get("frequencies", ())
    return found if isinstance(found, tuple) and all(kilohertz < 1 << 31 for kilohertz in found) else ()
