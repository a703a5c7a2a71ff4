"""What the exit status of a command means."""

OK = 0
WRONG = 1
"""The configuration has errors; or what the command was to show is not so (a demo that disagrees with the truth,
a database with rows missing); or a database needs an operator."""
UNREADABLE = 2
"""A file cannot be read or is not what it should be; also wrong use of the command itself."""
UNAVAILABLE = 3
"""No daemon answers, another one runs already, or the journal cannot be opened; or a database cannot be reached."""
CRASHED = 4
"""The daemon ended by a fault; systemd starts it again."""
