"""Which random moments a torture test takes: `make torture` gives each of its rounds another seed."""

import os

SEED = int(os.environ.get("TORTURE_SEED", "25"))
