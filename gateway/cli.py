"""The command `waypost`. The daemon (`run`) starts without loading what only the other commands need."""

import os
import sys

from gateway import interpreter


def main() -> None:
    """Console entry point."""
    try:
        try:
            status = _dispatch(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as end:
        # typer makes an exit status of 1 from a pipe that nobody reads any more
        if isinstance(end, SystemExit) and not isinstance(end.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 0  # the reader of our output has seen enough
    sys.exit(status)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["run"]:
        interpreter.begin()
        from gateway.commands.run import main as run

        return run(arguments[1:])
    from gateway.commands.all import main as others

    return others(arguments)


if __name__ == "__main__":
    main()
