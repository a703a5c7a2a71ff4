"""What sightings mean: records, presence, portals, claims and events. Pure: no I/O, no clock, no asyncio."""
