"""CRC-16 of RTU frames (MODBUS over Serial Line 1.02, 6.2.2): polynomial 0xA001 reflected, start 0xFFFF, low byte sent first."""


def _row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


_TABLE = tuple(_row(value) for value in range(256))


def crc16(data: bytes | bytearray | memoryview) -> int:
    """The checksum of `data`."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc
