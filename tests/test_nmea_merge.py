"""Which sentences are one fix, and whether there is one. Of which day it is: test_gps_calendar.py."""

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Flag
from drivers.codecs.gps_calendar import Calendar
from drivers.codecs.nmea_merge import Merge
from tests.nmea_text import AT, GGA, GLL, LAT, LON, RMC, ZDA, Merged, later, merged, one, stream

VTG = "GPVTG,90.0,T,,M,20.0,N,37.0,K,A"
GSA = "GPGSA,A,3,01,02,03,04,,,,,,,,,2.0,1.5,1.3"
GST = "GPGST,101112.00,5.0,,,,3.0,4.0,7.0"
GNS = "GNGNS,101112.00,4808.9978,N,01135.0800,E,AN,12,0.8,464.4,46.2,,"


def test_one_instant_is_one_fix() -> None:
    fix = one(RMC, VTG, GGA, GSA, GLL)
    assert (fix.tracker, fix.time) == ("tracker:1", AT)
    assert (fix.lat, fix.lon) == pytest.approx((LAT, LON))
    assert (fix.alt, fix.course, fix.satellites) == (464.4, 84.4, 8)
    assert fix.speed == pytest.approx(10 * 0.514444)
    assert fix.accuracy == pytest.approx(1.2 * 15 / 2.45)
    assert (fix.flags, fix.attributes) == (Flag.VALID, '{"hdop":1.2}')


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2), (2, 0, 1, 3)])
def test_in_any_order_and_by_any_talker(order: tuple[int, ...]) -> None:
    parts = (RMC.replace("GP", "II"), GGA.replace("GP", "GL"), GLL.replace("GP", "BD"), GST)
    fix = one(*(parts[place] for place in order))
    assert (fix.time, fix.alt) == (AT, 464.4)
    assert fix.accuracy == pytest.approx(math.sqrt((9 + 16) / 2))


def test_times_that_differ_by_a_hair_are_the_same() -> None:
    assert one(RMC, GGA.replace("12.00", "12.01")).alt == 464.4
    assert len(merged(RMC, GGA.replace("12.00", "12.02")).fixes) == 2


def test_more_decimals_are_more() -> None:
    fine = GGA.replace("4808.9978,N,01135.0800", "4808.997812,N,01135.080034")
    for order in ((RMC, fine), (fine, RMC)):
        assert (one(*order).lat, one(*order).lon) == pytest.approx((48 + 8.997812 / 60, 11 + 35.080034 / 60))


def test_numbers_that_are_filled_up_with_blanks() -> None:
    padded = "GPGGA,101112.00,4808.9978,N,01135.0800,E, 1,  8, 1.20,  464.4, M,  46.2, M,,"
    fix = one(RMC, padded)
    assert (fix.alt, fix.satellites, fix.attributes) == (464.4, 8, '{"hdop":1.2}')


def test_south_and_west_are_negative() -> None:
    fix = one(RMC.replace(",N,", ",S,").replace(",E,", ",W,"))
    assert (fix.lat, fix.lon) == pytest.approx((-LAT, -LON))


@pytest.mark.parametrize(
    "void",
    [
        RMC.replace(",A,4808", ",V,4808"),
        RMC.removesuffix("A") + "N",
        GGA.replace(",E,1,", ",E,0,"),
        GGA.replace(",E,1,08", ",E,1,02"),
        GGA.replace(",E,1,", ",E,x,"),
        GLL.replace(",A,A", ",V,N"),
        GLL.replace(",A,A", ",A,N"),
        GLL.replace(",A,A", ",,"),
        GNS.replace(",AN,", ",NN,"),
        GNS.replace(",12,", ",02,"),
        "GPGSA,A,1,,,,,,,,,,,,,,,",
    ],
)
def test_who_says_that_there_is_no_fix_is_believed(void: str) -> None:
    found = merged(GGA if "RMC" in void else RMC, void, later(RMC))
    assert found.times == [AT + SECOND]
    assert found.counts == {"no_fix": 1}


def test_a_quality_that_is_not_told_is_no_position_and_no_verdict() -> None:
    mute = GGA.replace(",E,1,", ",E,,")
    assert merged(ZDA, mute).counts == {"no_fix": 1}
    assert merged(mute, RMC.replace(",A,4808", ",V,4808")).counts == {"no_fix": 1}
    fix = one(mute.replace("4808", "4708"), RMC)
    assert fix.lat == pytest.approx(LAT)
    assert math.isnan(fix.alt)


def test_no_satellites_may_be_a_marker() -> None:
    none = GGA.replace(",1,08", ",2,00")
    assert merged(RMC, none).counts == {"no_fix": 1}
    assert one(RMC, none, GSA).satellites == 0
    assert one(RMC, GNS, none).satellites == one(RMC, none, GNS).satellites == 12
    assert merged(RMC, none.replace(",2,00", ",2,02"), GSA).counts == {"no_fix": 1}


@pytest.mark.parametrize("quality", "68")
def test_dead_reckoning_needs_no_satellites(quality: str) -> None:
    assert one(RMC, GGA.replace(",1,08", f",{quality},00")).satellites == 0


def test_one_system_may_have_no_fix() -> None:
    none = "BDGSA,A,1,,,,,,,,,,,,,,,"
    assert one(RMC, GSA, none).time == AT
    assert one(RMC, none, GSA).time == AT
    assert one(RMC, "GPGSA,A,E,,,,,,,,,,,,,,,").time == AT


@pytest.mark.parametrize(
    ("place", "count"),
    [
        ("4860.0000,N,01135.0800,E", "malformed_position"),
        ("4808.9978,N,01160.0800,E", "malformed_position"),
        ("9100.0000,N,01135.0800,E", "malformed_position"),
        ("4808.9978,N,18100.0000,E", "malformed_position"),
        ("4808.9978,,01135.0800,E", "malformed_position"),
        ("4808.9978,N,01135.0800,", "malformed_position"),
        ("4808.9978,E,01135.0800,E", "malformed_position"),
        ("4808.9978,N,,", "malformed_position"),
        ("48a8.9978,N,01135.0800,E", "malformed_position"),
        ("0000.0000,N,00000.0000,E", "zero_position"),
        (",,,", "no_fix"),
        (",N,,E", "no_fix"),
    ],
)
def test_positions_that_are_none(place: str, count: str) -> None:
    found = merged(RMC.replace("4808.9978,N,01135.0800,E", place))
    assert found.fixes == []
    assert found.counts == {"no_fix": 1} | {count: 1}


def test_edges_of_the_world() -> None:
    def at(place: str) -> list[tuple[float, float]]:
        fixes = merged(RMC.replace("4808.9978,N,01135.0800,E", place)).fixes
        return [(fix.lat, fix.lon) for fix in fixes]

    assert at("9000.0000,S,18000.0000,W") == [(-90.0, -180.0)]
    assert at("0000.0000,N,00000.0600,W") == [(0.0, -0.001)]
    assert at("06.0,N,03.0,E") == [(0.1, 0.05)]
    assert at("08.5,N,5.25,E") == []


def test_short_sentences() -> None:
    """Fields that an old receiver does not have, and a sentence that has hardly any."""
    assert one("GPRMC,101112,A,4808.9978,N,01135.0800,E,,,210326").time == AT
    assert merged("GPRMC,101112", "GPGGA,101112,4808.9978", "GPGSA,A", "GPVTG", "GPGST,101112").counts == {
        "no_fix": 1
    }


def test_what_pynmea2_does_not_take() -> None:
    found = merged(RMC, "G-RMC,101112.00,A", GGA)
    assert found.counts == {"malformed": 1}
    assert found.times == [AT]


def test_others_are_passed_over() -> None:
    others = (
        "PGRMC,101113.00,A",
        "PUBX,00,101113.00",
        "GPXYZ,1",
        "GPR",
        "GPRMCX,101113",
        "",
        "CCGPQ,GGA",
        "GPTXT,x",
    )
    assert one(RMC, *others, GGA).alt == 464.4


def test_speeds() -> None:
    still = RMC.replace("10.0,84.4", "0.1,")
    assert one(still).speed == pytest.approx(0.0514444)
    assert math.isnan(one(still).course)
    mute = RMC.replace("10.0,84.4", ",")
    for order in ((mute, VTG), (VTG, mute)):
        assert one(*order).speed == pytest.approx(20 * 0.514444)
        assert one(*order).course == 90.0
    assert one(RMC, VTG).speed == one(VTG, RMC).speed == pytest.approx(5.14444)
    assert one(mute, "GPVTG,90.0,T,,M,,N,37.0,K,A").speed != 0
    assert one(mute, "GPVTG,90.0,T,,M,20.0,,36.0,K,A").speed == pytest.approx(10.0)
    old = one(mute, "GPVTG,90.0,80.0,20.0,37.0,1.0")
    assert math.isnan(old.speed)
    assert math.isnan(old.course)
    for mode in "EN":
        assert math.isnan(one(mute, VTG[:-1] + mode).speed)
    assert math.isnan(one(mute, VTG.replace("90.0", "")).speed)
    assert math.isnan(one(RMC.replace("10.0,84.4", "-1.0,361.0")).speed)
    assert math.isnan(one(RMC.replace("10.0,84.4", "inf,nan")).speed)
    assert one(RMC.replace("10.0,84.4", "1.0,360.0")).course == 0.0


@pytest.mark.parametrize("hdop", ["99.99", "99.00", "0.00", "", "x"])
def test_dilutions_that_mark_that_there_is_none(hdop: str) -> None:
    fix = one(RMC, GGA.replace("1.2", hdop))
    assert math.isnan(fix.accuracy)
    assert fix.attributes == ""


def test_accuracy() -> None:
    corrected = GGA.replace(",E,1,", ",E,2,")
    assert one(RMC, corrected).accuracy == pytest.approx(1.2 * 3.75 / 2.45)
    assert one(RMC.removesuffix("A") + "D", GGA).accuracy == pytest.approx(1.2 * 3.75 / 2.45)
    assert one(RMC, GSA).accuracy == pytest.approx(1.5 * 15 / 2.45)
    assert one(RMC, GSA, GGA).accuracy == one(RMC, GGA, GSA).accuracy == pytest.approx(1.2 * 15 / 2.45)
    assert one(RMC, GGA, "GPGST,101112.00,,,,,0.0,0.0,").accuracy == pytest.approx(1.2 * 15 / 2.45)
    wide = "GNGSA,A,3," + "1," * 24 + "1.9,1.1,1.6"
    assert one(RMC, wide).accuracy == pytest.approx(1.1 * 15 / 2.45)
    assert one(RMC, GNS.replace(",AN,", ",DN,")).accuracy == pytest.approx(0.8 * 3.75 / 2.45)
    assert one(RMC, GNS).satellites == 12


def test_a_repeated_gsa_does_not_end_an_epoch() -> None:
    fix = one(RMC, GSA, GSA.replace("GP", "GL"), "GPGSV,1,1,00", "GPGSV,1,1,00", GGA)
    assert fix.alt == 464.4


def test_sentences_without_a_time_wait_for_theirs() -> None:
    assert one(GSA, VTG, RMC.replace("10.0,84.4", ",")).speed == pytest.approx(20 * 0.514444)
    assert merged("GPRMC,,V,,,,,,,,,,N", "GPGGA,,,,,,0,,,,,,,,", RMC).counts == {"no_time": 2}
    assert merged("GPRMC,2560,A", RMC, "GPGLL,4808.9978,N,01135.0800,E,,A,A").counts == {
        "malformed": 1,
        "no_time": 1,
    }
    assert one(RMC, "GPGST,,,,,,,,").time == AT


def test_of_several_talkers_one_that_has_a_fix_is_enough() -> None:
    russian = GGA.replace("GP", "GL").replace(",E,1,08", ",E,0,00")
    assert one(RMC, russian, GGA).satellites == one(RMC, GGA, russian).satellites == 8
    autopilot = RMC.replace("GP", "AP").replace(",A,4808", ",V,4808")
    assert one(autopilot, RMC).time == AT
    assert merged(autopilot, GGA).counts == {"no_fix": 1}


def test_each_system_adds_its_own_gns() -> None:
    """As the standard has it: behind the combined one, without a position."""
    combined = "GNGNS,101112.00,3722.425671,N,12258.856215,W,DA,14,0.9,1005.543,6.5,,"
    own = [f"{talker}GNS,101112.00,,,,,,7,,,,5.2,23" for talker in ("GP", "GL")]
    fix = one(RMC.replace("4808.9978,N,01135.0800,E", ",,,"), combined, *own)
    assert (fix.lat, fix.lon) == pytest.approx((37 + 22.425671 / 60, -122 - 58.856215 / 60))
    assert (fix.satellites, fix.alt) == (14, 1005.543)
    assert one(RMC, GNS.replace(",AN,12", ",EE,00")).satellites == 0


def test_a_time_that_does_not_advance_is_no_fix() -> None:
    found = merged(RMC, GGA, later(RMC), later(GGA), RMC, GGA, later(RMC, 2))
    assert found.times == [AT, AT + SECOND, AT + 2 * SECOND]
    assert found.counts == {"late_sentences": 2}
    latched = Merged([stream(RMC), stream(GGA)])
    assert latched.times == [AT]


def test_a_receiver_that_repeats_its_last_time() -> None:
    epochs = [(later(RMC, n), later(GGA, n)) for n in range(4)]
    found = merged(*(body for pair in epochs for body in pair), *epochs[3], *epochs[3], later(RMC, 9))
    assert found.times == [AT + n * SECOND for n in (0, 1, 2, 3, 9)]
    assert found.counts == {"repeated": 4}


def test_a_recording_that_begins_anew() -> None:
    found = merged(RMC, later(RMC, 40), later(RMC, 20), later(GGA, 18), later(RMC, 21))
    assert found.times == [AT + n * SECOND for n in (0, 40, 20, 21)]


def test_the_same_time_on_another_day_counts() -> None:
    assert len(merged(RMC, RMC.replace("101112", "111112"), RMC.replace("210326", "220326")).fixes) == 3


def test_a_leap_second_that_is_learned_tells_no_time_twice() -> None:
    assert merged(later(RMC, 5), later(RMC, 2), later(RMC, 3), later(RMC, 6)).times == [
        AT + n * SECOND for n in (5, 2, 3, 6)
    ]
    found = merged(later(RMC, 5), later(RMC, 3), later(RMC, 4), later(RMC, 6))
    assert found.times == [AT + 5 * SECOND, AT + 6 * SECOND]
    assert found.counts == {"late_sentences": 2}


def test_a_latched_receiver_that_had_counted_on() -> None:
    found = merged(RMC, later(GGA, 28).replace(",E,1,", ",E,0,"), RMC, later(RMC, 29))
    assert found.times == [AT, AT + 29 * SECOND]
    assert found.counts == {"no_fix": 1, "repeated": 1}


def test_the_last_sentence_is_learned() -> None:
    """From the third epoch on a fix comes with its last sentence, not a second later."""
    epoch = (RMC, GGA, GSA, "GPGSV,2,1,08", "GPGSV,2,2,08")
    whole = [later(body, n) for n in range(5) for body in epoch]
    counted = [len(_unflushed(whole[:n])) for n in range(len(whole) + 1)]
    assert [n for n in range(1, len(counted)) if counted[n] > counted[n - 1]] == [6, 11, 15, 20, 25]


def test_what_instruments_say_between_is_not_the_last() -> None:
    """A chart plotter: how many headings come in a second changes, and RMC has the position of the second before."""
    bodies = []
    for n in range(12):
        headings = ["SDHDG,230.0,,,1.3,E"] * (2 + n % 3)
        before = RMC.replace("4808.9978", f"4808.{n + 10:02d}00")
        now = GGA.replace("4808.9978", f"4808.{n + 11:02d}00")
        bodies += [later(before, n), *headings, later(now, n), "GPGSV,1,1,00", *headings]
    found = merged(*bodies)
    assert [round((fix.lat - 48) * 60 - 8, 4) for fix in found.fixes] == [
        round((n + 11) / 100, 4) for n in range(12)
    ]
    assert found.counts == {}


def test_a_last_sentence_that_was_not_is_unlearned() -> None:
    """RMC each fifth time behind GGA: its speed is lost where GGA was taken for the last, more and more seldom."""
    bodies = []
    for n in range(40):
        bodies += [later(GGA, n)] + ([later(RMC, n)] if n % 5 == 0 else [])
    found = merged(RMC.replace("101112", "101111"), *bodies)
    assert len(found.fixes) == 41
    assert found.counts == {"repeated": 2}


def _unflushed(bodies: list[str]) -> list[int]:
    """The times of the fixes that are told without waiting for an idle line."""
    merge = Merge("tracker:1", Counter(), Calendar())
    return [fix.time for body in bodies for fix in merge.take(body.encode())]


@given(
    seed=st.lists(
        st.sampled_from([RMC, GGA, GLL, GSA, VTG, ZDA, GST, GNS, "GPRMC,,V", "PUBX,00"]), max_size=12
    ),
    at=st.lists(st.integers(0, 2000), max_size=5),
)
@settings(max_examples=100)
def test_any_split_gives_the_same_fixes(seed: list[str], at: list[int]) -> None:
    data = stream(*(later(body, n // 3) for n, body in enumerate(seed)))
    ends = [0, *sorted(at), len(data)]
    split = Merged(data[one:other] for one, other in pairwise(ends))
    whole = Merged([data])
    assert list(map(str, split.fixes)) == list(map(str, whole.fixes))
    assert split.counts == whole.counts
