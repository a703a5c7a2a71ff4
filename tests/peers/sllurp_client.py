"""sllurp as a client: PORT SECONDS; prints what it received as JSON.

It sends ENABLE_EVENTS_AND_REPORTS and never START_ROSPEC; without `report_every_n_tags` it would wait for ever.
"""

import json
import sys
import threading

from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig  # type: ignore[import-not-found]

port, seconds = int(sys.argv[1]), float(sys.argv[2])
epcs: list[str] = []
first = threading.Event()


def received(_: object, tags: list[dict[str, bytes]]) -> None:
    epcs.extend(tag["EPC"].decode() for tag in tags)
    first.set()


settings = {"antennas": [1, 2, 3, 4], "report_every_n_tags": 4}
client = LLRPReaderClient("127.0.0.1", port, LLRPReaderConfig(settings))
client.add_tag_report_callback(received)
client.connect()
if not first.wait(30):
    sys.exit("sllurp received nothing within 30 s")
threading.Event().wait(seconds)
reads = list(epcs)
client.disconnect()
print(json.dumps({"reads": len(reads), "epcs": sorted(set(reads)), "seconds": seconds}))
