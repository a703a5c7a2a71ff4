"""`waypost demo`: two simulated dock doors, a van on the road and the daemon, and whether it told the truth."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from core.events import Event
from gateway import exits
from gateway.commands.options import AsJson
from gateway.commands.output import counted, put, say, show

SHORTEST = 20.0
"""Seconds within which each door is passed, and the pass is decided."""


def demo(
    seconds: Annotated[float, typer.Option(min=SHORTEST, help="How long the doors work.")] = SHORTEST,
    seed: Annotated[int, typer.Option(help="Another seed is another day.")] = 1,
    json: AsJson = False,
) -> None:
    """Show two dock doors and a van on the road, in real time, on sockets and a journal of their own.

    Exit 1 if an event or a position is untrue or missing, or if nobody passed one of the doors.
    """
    from gateway.commands.events import line
    from gateway.demo import demo as play
    from gateway.rows import event_json

    def tell(event: Event) -> None:
        put(event_json(event)) if json else show(line(event))

    say(f"two dock doors and a van on the road, for {seconds:g} s; an event comes when a pallet has passed")
    outcome = asyncio.run(play(seconds, seed, tell))
    score = outcome.score
    if json:
        put(
            {
                "events": len(outcome.events),
                "reads": outcome.reads,
                "true": outcome.true,
                "idle": list(outcome.idle),
                "score": asdict(score),
                "positions": asdict(outcome.positions),
            }
        )
    else:
        show(
            f"{counted(outcome.reads, 'read')}, {counted(len(outcome.events), 'event')}; against the truth: {score}; "
            f"{outcome.positions}"
        )
    if outcome.idle:
        say(
            f"nobody passed {' and '.join(outcome.idle)} in {seconds:g} s; take more --seconds or another --seed"
        )
    raise typer.Exit(exits.OK if outcome.true else exits.WRONG)
