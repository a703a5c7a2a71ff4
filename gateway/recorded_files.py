"""What the inputs of `waypost replay` are: told by what stands in a file, whatever it is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.records import Dictionary
from gateway.csv_file import LONGEST_HEADER, BadCsv, header_of
from gateway.csv_fixes import CsvFixes
from gateway.csv_reads import CsvReads, Tags
from gateway.nmea_log import SENTENCE, NmeaLog

ENDINGS = (".csv", ".nmea", ".log", ".bin")
"""Of files that are taken out of a folder; a file that is named is taken whatever its ending."""

_FIXES, _READS = {"tracker", "lat", "lon"}, {"reader", "antenna", "epc"}
"""One of these columns tells which kind is meant."""


@dataclass(slots=True)
class Recorded:
    """The inputs of one replay.

    passed_over  files of the folders among them that are no recordings by their ending
    """

    readers: Dictionary = field(default_factory=Dictionary)
    reads: list[CsvReads] = field(default_factory=list)
    fixes: list[CsvFixes | NmeaLog] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)


def recorded(inputs: Sequence[Path]) -> Recorded:
    """Looks at the beginning of each file. Raises BadCsv for a first line that is none and for a folder without any, OSError."""
    found, tags, trackers = Recorded(), Tags(), Dictionary()
    for path in _files(inputs, found.passed_over):
        with path.open("rb") as file:
            begins = file.read(LONGEST_HEADER)
        if SENTENCE.search(begins):
            found.fixes.append(NmeaLog(path, trackers))
            continue
        header = header_of(begins.partition(b"\n")[0], path)
        if _FIXES.intersection(header):
            found.fixes.append(CsvFixes(path, trackers))
        elif _READS.intersection(header):
            found.reads.append(CsvReads(path, tags, found.readers))
        else:
            kinds = f"{','.join(CsvReads.required)} for reads or {','.join(CsvFixes.required)} for fixes"
            raise BadCsv(f"{path}:1: neither CSV that replay takes nor NMEA; the header is {kinds}")
    return found


def _files(inputs: Sequence[Path], passed_over: list[Path]) -> Iterator[Path]:
    """The inputs, and in the place of a folder the files in it by name."""
    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        files = sorted(path.iterdir())
        taken = [one for one in files if one.is_file() and one.suffix.lower() in ENDINGS]
        if not taken:
            raise BadCsv(
                f"{path}: no recording is in it; those end with {', '.join(ENDINGS)}: name others one by one"
            )
        passed_over.extend(one for one in files if one not in taken)
        yield from taken
