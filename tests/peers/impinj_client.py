"""impinj-iot as a client of an event stream over HTTPS: PORT SECONDS; prints what it received as JSON.

It believes any certificate, starts an inventory of its own, and reads the EPC in base64.
"""

import json
import os
import sys
import threading

from impinj_iot import ImpinjIot, ImpinjIotTagReport  # type: ignore[import-not-found]

for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # its HTTP library puts them before what it is told
    os.environ.pop(name, None)
port, seconds = int(sys.argv[1]), float(sys.argv[2])
epcs: list[str] = []
first = threading.Event()


def received(report: ImpinjIotTagReport) -> None:
    epcs.append(report.epc.lower())
    first.set()


reader = ImpinjIot()
reader.set_notification_callback(received)
if not reader.connect(f"127.0.0.1:{port}") or not reader.start():
    sys.exit("impinj-iot could not connect, or not start an inventory")
if not first.wait(30):
    sys.exit("impinj-iot received nothing within 30 s")
threading.Event().wait(seconds)
reads = list(epcs)
reader.disconnect()
print(json.dumps({"reads": len(reads), "epcs": sorted(set(reads)), "seconds": seconds}))
