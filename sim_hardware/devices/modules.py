"""Output modules: they hold the coils, and have a watchdog of their own that takes over when the controller falls silent."""

from dataclasses import dataclass

from controller.core.layout import Layout
from controller.site.model import Output
from drivers.points import RegisterBlock, Table
from sim_hardware.devices.memory import DeviceMemory


@dataclass(frozen=True, slots=True)
class Channel:
    """One coil (or register) of an output, with what the module does with it when left alone."""

    table: Table
    address: int
    output: Output


class Module:
    """A device with output channels. `fallen` while its watchdog holds the outputs at their `on_comm_loss` values.

    The watchdog starts with the first number written to its register; it is kicked by a number other than the last one. Fallen
    channels keep their values until they are written anew.
    """

    def __init__(self, memory: DeviceMemory, channels: tuple[Channel, ...], kick_address: int, timeout_ms: int) -> None:
        self._memory = memory
        self._channels = channels
        self._kick = memory.view(Table.HOLDING, kick_address, 1) if timeout_ms > 0 else None
        self._timeout_ms = timeout_ms
        self._kicked_ms: int | None = None
        self._last = 0
        self.fallen = False
        self._kept: list[int] = [channel.output.normal for channel in channels]
        self.power_up()

    def power_off(self) -> None:
        """The module loses its supply: all channels drop to 0."""
        self._kept = [int(self._memory.view(c.table, c.address, 1)[0]) for c in self._channels]
        for channel in self._channels:
            self._set(channel, 0)

    def power_up(self) -> None:
        """The module starts: each channel takes its `on_restart` value; `keep` is what it was, at the first time `normal`."""
        for channel, kept in zip(self._channels, self._kept, strict=True):
            value = channel.output.on_restart
            self._set(channel, kept if value == "keep" else value)
        self._kicked_ms = None
        self.fallen = False

    def advance(self, tick_ms: int) -> None:
        """Look at the watchdog's register at plant time `tick_ms`."""
        if self._kick is None:
            return
        number = int(self._kick[0])
        if number != self._last:
            self._last = number
            self._kicked_ms = tick_ms
            self.fallen = False
        elif self._kicked_ms is not None and not self.fallen and tick_ms - self._kicked_ms > self._timeout_ms:
            self._fall_back()

    def _fall_back(self) -> None:
        self.fallen = True
        for channel in self._channels:
            if channel.output.on_comm_loss != "hold":
                self._set(channel, channel.output.on_comm_loss)

    def _set(self, channel: Channel, value: int) -> None:
        self._memory.store(channel.table, channel.address, [value])


def build_modules(layout: Layout, memories: dict[str, DeviceMemory]) -> dict[str, Module]:
    """One module for each device that has output channels or a watchdog, by device name."""
    channels: dict[str, list[Channel]] = {}
    for output in layout.outputs:
        for point in output.channels:
            name, index = layout.place_of(point)
            block = _register_block(layout, name)
            address = block.address + index * block.data_type.registers
            channels.setdefault(block.device, []).append(Channel(block.table, address, output.output))
    names = channels.keys() | {name for name, device in layout.site.devices.items() if device.watchdog is not None}
    return {name: _module(layout, memories[name], tuple(channels.get(name, ()))) for name in sorted(names)}


def _module(layout: Layout, memory: DeviceMemory, channels: tuple[Channel, ...]) -> Module:
    watchdog = layout.site.devices[memory.name].watchdog
    if watchdog is None:
        return Module(memory, channels, 0, 0)
    name, index = layout.place_of(layout.point(watchdog.point))
    block = _register_block(layout, name)
    if block.table is not Table.HOLDING:
        raise ValueError(
            f"devices.{memory.name}.watchdog: {name} is no holding register; remedy: give it table = holding"
        )
    return Module(memory, channels, block.address + index, round(watchdog.timeout_s * 1000))


def _register_block(layout: Layout, name: str) -> RegisterBlock:
    block = next(block for block in layout.blocks if block.name == name)
    if not isinstance(block, RegisterBlock):
        raise TypeError(f"blocks.{name} is no register block; remedy: outputs and watchdogs need registers or coils")
    return block
