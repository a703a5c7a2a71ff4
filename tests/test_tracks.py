"""Columns of runs: they grow, runs know where their reads begin, and late reads join them."""

from core.tracks import Change, Kind, Run, Tracks


def rank(cell: int) -> tuple[str, str, int]:
    """Cells by number."""
    return "", "", cell


def length(start: int, stop: int) -> int:
    """Always watched."""
    return stop - start


def piece(track: int, first: int, last: int, position: int = -1) -> Run:
    """A run of its own."""
    return Run(track, first, last, 1, 0, position)


def test_columns_grow_with_what_they_hold() -> None:
    tracks = Tracks(room=2)
    for number in range(5):
        assert tracks.add(Kind.PASS, number, 0, 100 + number) == number
        tracks.put(piece(number, 1_000 * number, 1_000 * number, number), length, rank)
    assert [int(tracks.gap[number]) for number in range(5)] == [100, 101, 102, 103, 104]
    newest = [tracks.newest(number) for number in range(5)]
    assert [run and run.first for run in newest] == [0, 1_000, 2_000, 3_000, 4_000]
    assert not tracks.is_armed(4, 0, 0)
    # one row at a time they are the same columns
    tracks.m_last[4] = 4_050
    assert tracks.last[4] == 4_050


def test_the_reads_of_a_pass_begin_where_those_of_its_first_piece_do() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.PASS, 0, 0, 100)
    for time, position in ((0, 7), (180, 9)):
        tracks.put(piece(track, time, time, position), length, rank)
    change, run = tracks.put(piece(track, 90, 90, 12), length, rank)
    assert (change, run.position, run.last) == (Change.REWRITTEN, 7, 180)


def test_a_late_read_of_a_pass_that_ended_changes_it() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.PASS, 0, 0, 100)
    _, run = tracks.put(piece(track, 0, 50, 3), length, rank)
    assert tracks.put(piece(track, 20, 20, 5), length, rank)[0] is Change.GREW
    run.ended = True
    assert tracks.put(piece(track, 30, 30, 6), length, rank)[0] is Change.REWRITTEN
    assert (run.position, run.count) == (3, 3)


def test_a_late_read_joins_two_runs() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.VISIT, 0, 0, 100)
    for time in (0, 180, 1_000):
        assert tracks.put(piece(track, time, time), length, rank)[0] is Change.BEGAN
    assert [run.first for run in tracks.runs(track)] == [0, 180, 1_000]
    change, run = tracks.put(piece(track, 90, 90), length, rank)
    assert (change, run.first, run.last, run.count) == (Change.REWRITTEN, 0, 180, 3)
    assert [run.first for run in tracks.runs(track)] == [0, 1_000]


def test_what_is_settled_and_old_is_forgotten() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.VISIT, 0, 0, 100)
    assert (tracks.newest(track), list(tracks.runs(track))) == (None, [])
    for time in (0, 1_000, 2_000):
        tracks.put(piece(track, time, time), length, rank)
    for run in tracks.runs(track):
        run.ended, run.end_based, run.due = True, True, run.last + 100
    tracks.close(track)
    tracks.forget(track, 1_000)
    assert [run.first for run in tracks.runs(track)] == [1_000, 2_000]
    tracks.forget(track, 5_000)
    assert list(tracks.runs(track)) == []


def test_judged_passes_are_forgotten_with_time() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.PASS, 0, 0, 100)
    _, first = tracks.put(piece(track, 0, 0, 0), length, rank)
    first.ended, first.known, first.due = True, True, 100
    tracks.put(piece(track, 1_000, 1_000, 1), length, rank)
    tracks.forget(track, 50)
    assert [run.first for run in tracks.runs(track)] == [0, 1_000]
    tracks.forget(track, 200)
    assert [run.first for run in tracks.runs(track)] == [1_000]


def test_the_oldest_run_began_where_those_before_it_were_joined() -> None:
    tracks = Tracks()
    track = tracks.add(Kind.VISIT, 0, 0, 10)
    assert tracks.oldest(track) is None
    for first in (0, 15):
        tracks.put(piece(track, first, first), length, rank)
    assert tracks.oldest(track) == 0
    change, _ = tracks.put(piece(track, 8, 8), length, rank)
    assert change is Change.REWRITTEN
    assert tracks.oldest(track) == 0
    assert [run.last for run in tracks.runs(track)] == [15]
