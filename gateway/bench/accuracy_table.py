"""Figures as a Markdown page, and as a picture."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.bench.accuracy_figures import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {
    "sweep": "The doors of the sweep together",
    "doors": "Doors, scenario by scenario",
    "rooms": "Rooms of overlapping antennas",
    "presence": "Presence",
}
NOTES = {
    "sweep": "Shares of tags that any antenna heard. Bounds are 95 % intervals over episodes. False crossings are"
    " those of tags that were near, stood or turned back.",
    "doors": "`right`: told once, in the right direction; `told again`: more than once. Times count for those that are"
    " right. `decided after` is from the crossing to the decision.",
    "rooms": "Five things in a room of four antennas; what was known 5 s later counts.",
    "presence": "Wrong tag-epochs of 60 tags in 1,500 epochs; `HMM` and `best timeout` know the true parameters.",
}


def markdown(figures: Sequence[Figure], about: str) -> str:
    """The whole page: one table for each part, deciders as columns."""
    parts = [f"# Accuracy\n\n{about}\n"]
    for part, title in TITLES.items():
        mine = [figure for figure in figures if figure.part == part]
        if mine:
            parts.append(f"## {title}\n\n{NOTES[part]}\n\n{table(mine)}\n")
    return "\n".join(parts)


def table(figures: Sequence[Figure]) -> str:
    """Rows by scenario and measure, columns by decider."""
    columns = list(dict.fromkeys(figure.column for figure in figures))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.scenario, figure.measure), {})[figure.column] = figure
    lines = [f"| scenario | measure | {' | '.join(columns)} |", "| --- | --- |" + " ---: |" * len(columns)]
    for (scenario, measure), cells in rows.items():
        texts = [cell(cells.get(column)) for column in columns]
        lines.append(f"| {scenario} | {measure} | {' | '.join(texts)} |")
    return "\n".join(lines)


def cell(figure: Figure | None) -> str:
    """A value with its unit and, if there is one, its interval."""
    if figure is None or figure.value is None:
        return "-"
    text = f"{_number(figure.value)} {figure.unit} {figure.note}".rstrip()
    if figure.low is None or figure.high is None:
        return text
    return f"{text} ({_number(figure.low)}-{_number(figure.high)})"


def _number(value: float) -> str:
    if abs(value) < 1.0:
        return f"{value:.4f}".rstrip("0").rstrip(".") if value else "0"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def picture(figures: Iterable[Figure], path: Path) -> None:
    """Bars of the crossings that are right and of the false ones, by scenario and decider, as PNG.

    Raises ModuleNotFoundError without matplotlib, which only this needs.
    """
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(14.0, 9.0), layout="constrained")
    doors = [figure for figure in figures if figure.part == "doors"]
    right = [figure for figure in doors if figure.measure == "right"]
    false = [figure for figure in doors if figure.measure.startswith("false")]
    for place, mine, label in ((211, right, "crossings right, %"), (212, false, "false crossings, %")):
        axes = canvas.add_subplot(place)
        bars(axes, mine)
        axes.set_ylabel(label)
        axes.set_ylim(0.0, 100.0)
        axes.grid(axis="y", alpha=0.3)
        axes.tick_params(axis="x", rotation=30)
    canvas.axes[0].legend(ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    canvas.savefig(path, dpi=120)


def bars(axes: "Axes", figures: Sequence[Figure]) -> None:
    """A group of bars for each scenario, a colour for each decider, whiskers for the intervals."""
    scenarios = list(dict.fromkeys(figure.scenario for figure in figures))
    columns = list(dict.fromkeys(figure.column for figure in figures))
    width = 0.8 / max(1, len(columns))
    for n, column in enumerate(columns):
        mine: Mapping[str, Figure] = {one.scenario: one for one in figures if one.column == column}
        found = [mine[scenario] for scenario in scenarios if scenario in mine]
        at = [scenarios.index(one.scenario) + (n + 0.5) * width - 0.4 for one in found]
        values = [one.value or 0.0 for one in found]
        low = [max(0.0, value - (one.low or 0.0)) for value, one in zip(values, found, strict=True)]
        high = [max(0.0, (one.high or 0.0) - value) for value, one in zip(values, found, strict=True)]
        axes.bar(at, values, width, yerr=(low, high), label=column, error_kw={"linewidth": 0.6})
    axes.set_xticks(range(len(scenarios)), scenarios)
