"""How much the pipeline is given at once, so that the devices get their turn while it is at work."""

BREATH = 0.1
"""Seconds for which the pipeline may keep the loop from the devices, if it can be helped."""
LEAST, MOST = 2_048, 65_536
"""Rows: fewer tell little of the pace, and more than a megabyte of them the intake does not give at once."""


class Stride:
    """`rows` are as many as the pipeline has lately taken in a breath: new tags cost it a thousand times known ones."""

    def __init__(self) -> None:
        self.rows = LEAST

    def took(self, rows: int, seconds: float) -> None:
        """So long did that many rows take; fewer than `LEAST` say nothing."""
        if rows >= LEAST:
            wanted = MOST if seconds <= 0 else int(rows * BREATH / seconds)
            self.rows = max(LEAST, min(wanted, MOST))
