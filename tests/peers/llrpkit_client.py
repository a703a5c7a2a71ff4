"""llrpkit as a client: PORT SECONDS; prints what it received as JSON."""

import asyncio
import json
import sys

from llrpkit.reader import Reader  # type: ignore[import-not-found]


async def main(port: int, seconds: float) -> None:
    epcs: list[str] = []
    async with Reader("127.0.0.1", port) as reader:
        options = {"duration": seconds, "report_every_n": 4, "tx_power_dbm": 30.0, "include_phase": True}
        async for tag in reader.inventory(**options):
            epcs.append(tag.epc_hex)
    print(json.dumps({"reads": len(epcs), "epcs": sorted(set(epcs)), "seconds": seconds}))


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
