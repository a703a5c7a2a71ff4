"""Sans-IO codecs: bytes to records and back. No socket, no clock, no asyncio, no logging."""
