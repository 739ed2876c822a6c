"""What can be put on wires: a simulated plant, or a recording."""

from collections.abc import Mapping
from typing import Protocol

from controller.core.layout import Layout
from sim_hardware.devices.memory import DeviceMemory
from sim_hardware.devices.messages import Message


class Served(Protocol):
    """What is put on the wires: a simulated plant, or a recording."""

    @property
    def layout(self) -> Layout:
        """The site."""
        ...

    @property
    def memories(self) -> Mapping[str, DeviceMemory]:
        """What the Modbus units show and take, by device."""
        ...

    @property
    def tick_ms(self) -> int:
        """Plant time."""
        ...

    def advance_to(self, tick_ms: int) -> None:
        """Go on to plant time `tick_ms`."""
        ...

    def answers(self, device: str) -> float | None:
        """Seconds by which a device answers late; None if it does not answer."""
        ...

    def drain(self) -> list[Message]:
        """MQTT messages since the last call."""
        ...
