"""The command `waypost`. The daemon (`run`) starts without loading what only the other commands need."""

import os
import sys


def main() -> None:
    """Console entry point."""
    try:
        status = _dispatch(sys.argv[1:])
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["run"]:
        from gateway.commands.run import main as run

        return run(arguments[1:])
    from gateway.commands.all import main as others

    return others(arguments)


if __name__ == "__main__":
    main()
