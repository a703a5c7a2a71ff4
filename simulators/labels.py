"""Somebody at work with barcode scanners: what is printed, who scans it where, and what that means.

The same seed gives the same work to the last character. What a scan means comes from the plan, never from its bytes.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.clock import SECOND

GS = "\x1d"
_COMPANY = "9506000"
_LONGEST_PAUSE = 20 * SECOND
_SSCC_96, _SEVEN_DIGITS = 0x31, 5  # header, partition


@dataclass(frozen=True, slots=True)
class Printed:
    """A label: its data, FNC1 as GS, and its AIM identifier."""

    text: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with labels that all say the same; `tag` is how Waypost has to call it."""

    id: str
    tag: str
    labels: tuple[Printed, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """At `time` (microseconds UTC) the label was scanned with `scanner`, by who had shown that badge to it."""

    time: int
    scanner: str
    label: Printed
    thing: Thing
    operator: str | None


def things(seed: int, count: int) -> tuple[Thing, ...]:
    """Pallets, cartons and boxes, in turn."""
    chance = random.Random(f"things {seed}")
    makers = (_pallet, _carton, _box)
    return tuple(makers[n % 3](n, chance) for n in range(count))


def pallet_label(epc: bytes) -> Printed | None:
    """What is printed beside this SSCC-96 (TDS 2.3, 14.6.2.1, a company prefix of 7 digits); None if it is no such one."""
    value = int.from_bytes(epc)
    if len(epc) != 12 or epc[0] != _SSCC_96 or value >> 82 & 7 != _SEVEN_DIGITS:
        return None
    prefix, reference = value >> 58 & (1 << 24) - 1, f"{value >> 24 & (1 << 34) - 1:010}"
    return Printed(f"00{_checked(f'{reference[0]}{prefix:07}{reference[1:]}')}", "C1")


def work(
    seed: int, start: int, scanners: Sequence[str], among: Sequence[Thing], scans: int
) -> tuple[Act, ...]:
    """So many scans, one after the other; before the first of each scanner, and now and then, a badge."""
    chance = random.Random(f"work {seed}")
    acts: list[Act] = []
    holders: dict[str, str] = {}
    time = start
    for _ in range(scans):
        time += chance.randint(SECOND, _LONGEST_PAUSE)
        scanner = chance.choice(scanners)
        if scanner not in holders or chance.random() < 0.1:
            badge = _badge(chance.randint(1, 3))
            holders[scanner] = badge.tag
            acts.append(Act(time, scanner, badge.labels[0], badge, badge.tag))
            time += chance.randint(SECOND, _LONGEST_PAUSE)
        thing = chance.choice(among)
        acts.append(Act(time, scanner, chance.choice(thing.labels), thing, holders[scanner]))
    return tuple(acts)


def _badge(number: int) -> Thing:
    return Thing(f"person-{number}", f"badge:EMP-{number}", (Printed(f"EMP-{number}", "C0"),))


def _pallet(number: int, chance: random.Random) -> Thing:
    """An SSCC, as it stands on logistic labels (GS1 General Specifications 2.2.1)."""
    sscc = _checked(f"0{_COMPANY}{chance.randrange(10**9):09}")
    contents = f"02{_checked(f'9{_COMPANY}{chance.randrange(10**5):05}')}37{chance.randint(1, 999)}"
    labels = (Printed(f"00{sscc}", "C1"), Printed(f"00{sscc}{contents}", "C1"), Printed(f"00{sscc}", "d2"))
    return Thing(f"pallet-{number}", f"barcode:/00/{sscc}", labels)


def _carton(number: int, chance: random.Random) -> Thing:
    """A GTIN with a serial number, in every form that it is printed in."""
    gtin = _checked(f"0{_COMPANY}{chance.randrange(10**5):05}")
    serial = f"{chance.randrange(10**6):06}"
    lot = f"L{chance.randint(10, 99)}"
    return Thing(
        f"carton-{number}",
        f"barcode:/01/{gtin}/21/{serial}",
        (
            Printed(f"01{gtin}21{serial}", "d2"),
            Printed(f"01{gtin}10{lot}{GS}21{serial}", "C1"),
            Printed(f"01{gtin}1731010110{lot}{GS}21{serial}", "Q3"),
            Printed(f"https://id.gs1.org/01/{gtin}/21/{serial}", "Q1"),
        ),
    )


def _box(number: int, chance: random.Random) -> Thing:
    """A number of the house's own."""
    text = f"Box {number}/{chance.choice('ABCxyz')}-{chance.randrange(10**4):04}"
    tag = f"barcode:{text}".replace(" ", "%20")
    return Thing(f"box-{number}", tag, (Printed(text, "C0"), Printed(text, "Q1")))


def _checked(digits: str) -> str:
    """With its check digit: the weights are 3 and 1 in turn, from the right."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"
