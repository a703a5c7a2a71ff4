"""Of which day a time is, as sentences tell it: drivers/codecs/gps_calendar.py, through what is merged."""

from datetime import UTC, datetime

import pytest

from core.records import SECOND, Flag
from drivers.codecs.gps_calendar import DAY, ERA, Reference
from tests.nmea_text import AT, GGA, GLL, RMC, ZDA, later, merged, one


def time_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * SECOND)


def test_no_position_before_there_is_a_date() -> None:
    found = merged(GGA, later(GGA), later(RMC, 2), later(GGA, 3), later(GLL, 4))
    assert found.times == [AT + n * SECOND for n in (2, 3, 4)]
    assert found.counts == {"no_date": 2}


def test_dates_of_zda() -> None:
    found = merged(ZDA, GGA, later(GGA), later(GLL, 2))
    assert found.times == [AT, AT + SECOND, AT + 2 * SECOND]
    assert merged(ZDA, RMC.replace("210326", "")).times == [AT]
    next_pulse = merged(GGA, later(ZDA), later(GGA))
    assert next_pulse.times == [AT, AT + SECOND]
    for broken in ("GPZDA,,,,,,", "GPZDA,101112.00,31,02,2026,00,00", "GPZDA,101112.00,a,b,c"):
        assert merged(broken, GGA).counts == {"bad_date": 1, "no_date": 1}


def test_midnight_whoever_comes_first() -> None:
    before = "GPRMC,235959.00,A,4808.9978,N,01135.0800,E,10.0,84.4,311226,,,A"
    new = "GPRMC,000000.00,A,4808.9978,N,01135.0800,E,10.0,84.4,010127,,,A"
    gga = [GGA.replace("101112", text) for text in ("235959", "000000", "000001")]
    midnight = time_of("2027-01-01")
    wanted = [midnight - SECOND, midnight, midnight + SECOND]
    assert merged(before, gga[0], gga[1], new, gga[2]).times == wanted
    assert merged(gga[0], before, gga[1], gga[2]).times == wanted
    zda = "GPZDA,235959.00,31,12,2026,00,00"
    assert merged(zda, *gga).times == wanted
    assert merged(gga[0], "GPZDA,000000.00,01,01,2027,00,00", gga[1], gga[2]).times == wanted


def test_an_rmc_that_is_always_late_has_the_date() -> None:
    epochs = [body for n in range(4) for body in (later(GGA, n + 1), later(RMC, n))]
    found = merged(*epochs)
    assert found.times == [AT + n * SECOND for n in (1, 2, 3, 4)]
    assert found.counts == {"late_sentences": 4}
    void = [body.replace(",A,4808", ",V,4808") for body in epochs]
    assert merged(*void).times == []
    assert merged(later(GGA), RMC.replace("210326", "")).times == []


def test_a_date_that_turns_a_second_late() -> None:
    clocks = ("235958", "235959", "000000", "000001", "000002")
    days = ("311226", "311226", "311226", "010127", "010127")
    bodies = (
        RMC.replace("101112", clock).replace("210326", day) for clock, day in zip(clocks, days, strict=True)
    )
    assert merged(*bodies).times == [time_of("2026-12-31T23:59:58") + n * SECOND for n in range(5)]


def test_midnight_without_a_fix() -> None:
    void = [GGA.replace("101112", text).replace(",E,1,", ",E,0,") for text in ("235959", "000000")]
    before = RMC.replace("101112", "235958").replace("210326", "311226")
    found = merged(before, *void, GGA.replace("101112", "000001"))
    assert found.times == [time_of("2026-12-31T23:59:58"), time_of("2027-01-01T00:00:01")]


@pytest.mark.parametrize("date", ["2208-1", "320326", "310226", "0101", "ab0326", "060180", "220899"])
def test_dates_that_are_none(date: str) -> None:
    found = merged(ZDA, RMC.replace("210326", date), later(RMC))
    assert found.times == [AT + SECOND]
    assert found.counts == {"bad_date": 1}


def test_years_of_two_digits() -> None:
    assert one(RMC.replace("210326", "210368")).time == time_of("2068-03-21T10:11:12")
    assert one(RMC.replace("210326", "210398")).time == time_of("1998-03-21T10:11:12")
    assert merged(RMC.replace("210326", "210369")).counts == {"bad_date": 1}


def test_a_leap_second() -> None:
    found = merged(*(RMC.replace("101112", text) for text in ("235959", "235960")), later(RMC))
    assert found.times[:2] == [time_of("2026-03-21T23:59:59"), time_of("2026-03-22")]
    assert merged(RMC.replace("101112", "235961")).counts == {"malformed": 1}


def test_a_week_counter_that_has_run_over() -> None:
    now = Reference(AT + 5 * DAY, AT + 6 * DAY)
    ours = merged(RMC, reference=now)
    assert [(fix.time, fix.flags) for fix in ours.fixes] == [(AT, Flag.VALID)]
    lost = merged(RMC.replace("210326", "050806"), reference=now)
    assert [(fix.time, fix.flags) for fix in lost.fixes] == [(AT, Flag.VALID | Flag.CORRECTED)]
    ahead = Reference(AT - 20 * DAY)
    assert merged(RMC, reference=ahead).times == [AT]
    assert merged(RMC, reference=Reference(AT - ERA)).times == [AT - ERA]
    assert merged(RMC, reference=Reference(AT - 2 * DAY, AT - DAY)).counts == {"bad_date": 1}


def test_a_cold_start_is_no_date() -> None:
    now = Reference(AT + DAY, AT + 2 * DAY)
    for date in ("060180", "220899", "070419", "150207"):
        assert merged(RMC.replace("210326", date), reference=now).counts == {"bad_date": 1}
    assert merged(RMC.replace("210326", "070419")).times == [time_of("2019-04-07T10:11:12")]


def test_a_roll_over_while_it_is_heard() -> None:
    """Also where nobody knows when that was: from one second to the next it is off by 1024 weeks."""
    eve = RMC.replace("101112", "235959").replace("210326", "060419")
    after = RMC.replace("101112", "000000").replace("210326", "220899")
    found = merged(eve, after, GGA.replace("101112", "000001"))
    assert found.times == [time_of("2019-04-06T23:59:59") + n * SECOND for n in range(3)]
    assert [fix.flags for fix in found.fixes] == [1, 9, 9]


def rmc(clock: str, date: str) -> str:
    return f"GPRMC,{clock},A,4808.9978,N,01135.0800,E,10.0,84.4,{date},,,A"


def test_one_wrong_date_is_one_wrong_fix() -> None:
    said = [
        rmc("101112", "210326"),
        rmc("101113", "220326"),
        *(rmc(f"1011{n}", "210326") for n in range(14, 20)),
    ]
    assert merged(*said).times[2:] == [AT + n * SECOND for n in range(2, 8)]


@pytest.mark.parametrize(
    ("before", "behind"), [(0, 1), (1, 0), (18, 0)], ids=["late", "early", "by leap seconds"]
)
def test_a_date_that_turns_beside_midnight(before: int, behind: int) -> None:
    """`before` it or `behind` it, seconds: some turn their date with the weeks of GPS, which know no leap seconds."""
    midnight, clocks = 1_774_137_600 * SECOND, range(-25, 5)
    said = []
    for second in clocks:
        of_day = second % 86_400
        date = "220326" if -before <= second and not 0 <= second < behind else "210326"
        said.append(rmc(f"{of_day // 3600:02}{of_day // 60 % 60:02}{of_day % 60:02}", date))
    assert merged(*said).times == [midnight + second * SECOND for second in clocks]
