"""`make peers`: other people's LLRP software against ours; see `checks`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.peers.checks import main

if __name__ == "__main__":
    sys.exit(main())
