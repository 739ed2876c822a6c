"""The pure core: no asyncio, no sockets, no clock, no files."""
