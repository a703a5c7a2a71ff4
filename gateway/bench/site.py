"""The sites that the benchmarks run: configuration files as an operator would write them."""

from collections.abc import Sequence
from pathlib import Path


def door(number: int, port: int, zones: bool) -> str:
    """A reader at a dock door: antennas 1 and 2 look at the portal's sides, 3 and 4, if any, at two bays."""
    antennas = [
        f'{{ port = 1, portal = "dock-{number}", side = "yard" }}',
        f'{{ port = 2, portal = "dock-{number}", side = "warehouse" }}',
    ]
    if zones:
        antennas += [f'{{ port = {3 + bay}, zone = "bay-{bay}" }}' for bay in (0, 1)]
    return f"""
[[portal]]
id = "dock-{number}"
between = ["yard", "warehouse"]
max_pass = 5
[[device]]
id = "door-{number}"
kind = "llrp"
url = "tcp://127.0.0.1:{port}"
antennas = [{", ".join(antennas)}]
"""


def configuration(folder: Path, ports: Sequence[int], zones: bool = True, silence: float = 5.0) -> Path:
    """Write a site with a reader for each of `ports`; the path of its file."""
    bays = "".join(f'[[zone]]\nid = "bay-{bay}"\nleave = "silence"\nsilence = {silence}\n' for bay in (0, 1))
    doors = "".join(door(number, port, zones) for number, port in enumerate(ports))
    head = '[site]\nid = "bench"\n[[zone]]\nid = "yard"\n[[zone]]\nid = "warehouse"\n'
    path = folder / "waypost.toml"
    path.write_text(head + (bays if zones else "") + doors)
    return path
