"""waypost bench areas at tiny size: that its rows are there; and the decider on days that the bench does not show."""

import json

import pytest

from gateway.bench import main
from gateway.bench.areas import DELAYS, false_exits, true_exits
from gateway.bench.areas_cells import CELLS, INSIDE
from gateway.bench.areas_rules import CURVE, RULES, Ours


def test_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["areas", "--days", "1", "--exits", "1", "--seconds", "0.01", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()][1:]
    cells = len(CELLS) * len(INSIDE) * len(RULES) * (1 + 2 * len(DELAYS))
    assert len(rows) == cells + 2 * 3 * len(CURVE) + 3
    assert all(row["value"] is not None for row in rows)
    with pytest.raises(SystemExit):
        main(["areas", "--days", "0"])


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_what_is_parked_stays_and_what_leaves_is_told(cell: object) -> None:
    (chosen,) = [one for one in CELLS if one is cell]
    ours: dict[str, Ours] = {"waypost": next(one for one in RULES.values() if isinstance(one, Ours))}
    assert [row.value for row in false_exits(chosen, 15.0, 2, ours)] == [0.0]
    for way, target in DELAYS.items():
        delay, missed = true_exits(chosen, 15.0, way, 5, ours)
        assert delay.value is not None
        assert delay.value <= target
        assert missed.value == 0.0
