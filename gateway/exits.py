"""What the exit status of a command means."""

OK = 0
WRONG = 1
"""The configuration has errors; or what the command was to show is not so (a demo that disagrees with the truth)."""
UNREADABLE = 2
"""A file cannot be read or is not what it should be; also wrong use of the command itself."""
UNAVAILABLE = 3
"""No daemon answers, another one runs already, or the journal cannot be opened."""
CRASHED = 4
"""The daemon ended by a fault; systemd starts it again."""
