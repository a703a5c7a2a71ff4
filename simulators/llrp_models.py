"""Reader models: what they can do, and how they say it in GET_READER_CAPABILITIES (LLRP 1.0.1, clause 9.2).

The numbers follow the data sheets of the models and what readers answer in public captures. Assumed: the number
of ROSpecs of the FX9600, the values of its RF modes, and the thinned-out tables of receive sensitivity.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs.llrp import Parameter
from drivers.codecs.llrp_schema import Value
from drivers.codecs.llrp_tables import IMPINJ
from simulators.llrp_access import LIMIT as ACCESS_SPECS
from simulators.radio import FCC_KHZ

ZEBRA = 161
"""Motorola's private enterprise number, which Zebra's readers answer with."""

HOP_TABLE = 1
"""The id of the only frequency hop table."""


@dataclass(frozen=True, slots=True)
class RfMode:
    """A row of the RF mode table (clause 15.2.1.1.2.1): Miller value 0..3, bit rates in bit/s, Tari in ns."""

    id: int
    miller: int
    bdr: int
    pie: int
    min_tari: int
    max_tari: int


@dataclass(frozen=True, slots=True)
class Model:
    """A reader. `powers` are cdBm by index from 1, `sensitivities` dB above the best by index from 1."""

    name: str
    vendor: int
    number: int
    firmware: str
    antennas: int
    gpis: int
    gpos: int
    powers: tuple[int, ...]
    sensitivities: tuple[int, ...]
    modes: tuple[RfMode, ...]
    max_rospecs: int
    max_specs_per_rospec: int
    priorities: int
    holds: bool = True

    @property
    def impinj(self) -> bool:
        """Understands Impinj's extensions."""
        return self.vendor == IMPINJ


R420 = Model(
    "Speedway R420",
    IMPINJ,
    2001002,
    "5.12.3.240",
    antennas=4,
    gpis=4,
    gpos=4,
    powers=tuple(range(1000, 3251, 25)),
    sensitivities=(0, *range(10, 51)),
    modes=(
        RfMode(0, 0, 640_000, 1500, 6250, 6250),
        RfMode(1, 1, 640_000, 1500, 6250, 6250),
        RfMode(2, 2, 274_000, 2000, 20_000, 20_000),
        RfMode(3, 3, 170_600, 2000, 20_000, 20_000),
        RfMode(4, 2, 640_000, 1500, 7140, 7140),
        RfMode(1000, 0, 40_000, 1500, 6250, 25_000),
        RfMode(1002, 0, 40_000, 1500, 6250, 25_000),
        RfMode(1003, 0, 40_000, 1500, 6250, 25_000),
    ),
    max_rospecs=1,
    max_specs_per_rospec=16,
    priorities=1,
)

FX9600 = Model(
    "FX9600",
    ZEBRA,
    96008,
    "3.10.30.0",
    antennas=8,
    gpis=4,
    gpos=4,
    powers=tuple(range(1000, 3310, 10)),
    sensitivities=(0,),
    modes=tuple(RfMode(n, n % 4, 640_000 >> n % 4, 1500 + 500 * (n % 2), 6250, 25_000) for n in range(1, 32)),
    max_rospecs=8,
    max_specs_per_rospec=8,
    priorities=8,
)


def capabilities(model: Model, requested: int, utc: bool) -> tuple[Parameter, ...]:
    """The parameters that answer `requested` (0 all, 1 general, 2 LLRP, 3 regulatory, 4 air protocol)."""
    parts = (
        (1, _general(model, utc)),
        (2, _llrp(model)),
        (3, _regulatory(model)),
        (4, Parameter("C1G2LLRPCapabilities", {"max_select_filters_per_query": 2})),
    )
    return tuple(parameter for kind, parameter in parts if requested in (0, kind))


def _general(model: Model, utc: bool) -> Parameter:
    fields: dict[str, Value] = {
        "max_antennas": model.antennas,
        "has_utc_clock": int(utc),
        "manufacturer": model.vendor,
        "model": model.number,
        "firmware": model.firmware,
    }
    sensitivities = (
        Parameter("ReceiveSensitivityTableEntry", {"index": index, "sensitivity": value})
        for index, value in enumerate(model.sensitivities, 1)
    )
    gpio = Parameter("GPIOCapabilities", {"gpis": model.gpis, "gpos": model.gpos})
    protocols = (
        Parameter("PerAntennaAirProtocol", {"antenna_id": port, "protocol_ids": b"\x01"})
        for port in range(1, model.antennas + 1)
    )
    return Parameter("GeneralDeviceCapabilities", fields, (*sensitivities, gpio, *protocols))


def _llrp(model: Model) -> Parameter:
    return Parameter(
        "LLRPCapabilities",
        {
            "can_report_buffer_fill_warning": 1,
            "supports_holding": int(model.holds),
            "max_priority_levels": model.priorities,
            "max_rospecs": model.max_rospecs,
            "max_specs_per_rospec": model.max_specs_per_rospec,
            "max_inventory_specs_per_aispec": 1,
            "max_access_specs": ACCESS_SPECS,
            "max_op_specs_per_access_spec": 8,
        },
    )


def _regulatory(model: Model) -> Parameter:
    """United States, FCC part 15."""
    return Parameter(
        "RegulatoryCapabilities",
        {"country_code": 840, "communications_standard": 1},
        (Parameter("UHFBandCapabilities", {}, tuple(_band(model))),),
    )


def _band(model: Model) -> Iterator[Parameter]:
    for index, power in enumerate(model.powers, 1):
        yield Parameter("TransmitPowerLevelTableEntry", {"index": index, "power": power})
    hops = Parameter("FrequencyHopTable", {"hop_table_id": HOP_TABLE, "frequencies": FCC_KHZ})
    yield Parameter("FrequencyInformation", {"hopping": 1}, (hops,))
    yield Parameter("C1G2UHFRFModeTable", {}, tuple(_mode(mode) for mode in model.modes))


def _mode(mode: RfMode) -> Parameter:
    return Parameter(
        "C1G2UHFRFModeTableEntry",
        {
            "mode_id": mode.id,
            "dr": 1,
            "m": mode.miller,
            "spectral_mask": 3,
            "bdr": mode.bdr,
            "pie": mode.pie,
            "min_tari": mode.min_tari,
            "max_tari": mode.max_tari,
        },
    )
