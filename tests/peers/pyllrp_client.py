"""pyllrp as a client: PORT SECONDS; prints what it received as JSON.

It adds, enables, disables and deletes a ROSpec for every inventory and wants its reports before the answer.
"""

import json
import sys
import time

from pyllrp.LLRPConnector import LLRPConnector  # type: ignore[import-not-found]
from pyllrp.TagInventory import TagInventory  # type: ignore[import-not-found]

port, seconds = int(sys.argv[1]), float(sys.argv[2])
connect = LLRPConnector.connect
LLRPConnector.connect = lambda self, host: connect(self, host, port)  # TagInventory knows port 5084 only
inventory = TagInventory("127.0.0.1", transmitPower=50)
inventory.Connect()
epcs: list[str] = []
until = time.monotonic() + seconds
while time.monotonic() < until:
    inventory.GetTagInventory()
    epcs += [tag["Tag"].lower() for tag in inventory.tagDetail]
inventory.Disconnect()
print(json.dumps({"reads": len(epcs), "epcs": sorted(set(epcs)), "seconds": seconds}))
