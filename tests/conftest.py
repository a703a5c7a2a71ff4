"""The fixtures, and hypothesis without deadlines: how long an example takes on a busy machine says nothing.

`make properties` takes the profile `fuzz`: other examples each time, also where continuous integration repeats its own.
"""

import signal

from hypothesis import settings

pytest_plugins = (
    "tests.fix_certificates",
    "tests.fix_mosquitto",
    "tests.fix_postgres",
    "tests.fix_timescale",
)

# A shell lets what it runs in the background ignore Ctrl-C, and so would the commands that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("test", deadline=None)
settings.register_profile("fuzz", deadline=None, derandomize=False)
settings.load_profile("test")
