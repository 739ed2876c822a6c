"""Where the proxies of a served plant stand, and which of their faults are there at a moment of plant time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from controller.site.model import ModbusTcp, Mqtt, Site
from sim_hardware.faults.kinds import ActiveFault
from sim_hardware.faults.mqtt_proxy import EVERYTHING, MqttProxy
from sim_hardware.faults.proxy import ModbusProxy
from sim_hardware.faults.spec import FaultError, FaultSpec
from sim_hardware.faults.targets import is_on_broker, link_of, topics_of
from sim_hardware.rehost import split_endpoint

Endpoint = tuple[str, int]


@dataclass(slots=True)
class Placing:
    """The proxies in front of those endpoints of a site that faults of wires name; `site` is what its clients see.

    `broker` is the real one behind the MQTT endpoints; empty: there is none behind them, and no fault of a broker can be.
    """

    site: Site
    specs: Sequence[FaultSpec]
    broker: str = ""
    seed: int = 1
    modbus: dict[Endpoint, ModbusProxy] = field(default_factory=dict)
    mqtt: dict[Endpoint, MqttProxy] = field(default_factory=dict)
    _shown: dict[tuple[Endpoint, int | str], tuple[ActiveFault, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.broker and (broken := [spec for spec in self.specs if is_on_broker(spec)]):
            raise FaultError(
                f"fault {broken[0].kind}:{broken[0].target}: the proxy takes the broker's endpoint of the site; remedy: start "
                "the broker elsewhere and say where with --broker HOST:PORT"
            )

    @property
    def endpoints(self) -> frozenset[Endpoint]:
        """Modbus endpoints at which a proxy stands, so that their server has to stand elsewhere."""
        return frozenset(self._place(spec)[0] for spec in self.specs if not is_on_broker(spec))

    async def start(self, ports: dict[Endpoint, int]) -> None:
        """Open the proxies; `ports` tells where the servers of `endpoints` listen. Raises RuntimeError for a port that cannot be had."""
        for endpoint in self.endpoints:
            framing = next(
                link.framing
                for link in self.site.links.values()
                if isinstance(link, ModbusTcp) and split_endpoint(link.endpoint) == endpoint
            )
            proxy = ModbusProxy(endpoint[0], ports[endpoint], *endpoint, framing, seed=self.seed)
            self.modbus[endpoint] = proxy
            await proxy.start()
        if self.broker:
            for endpoint in _brokers(self.site):
                mqtt = MqttProxy(*split_endpoint(self.broker), *endpoint, topics_of(self.site), seed=self.seed)
                self.mqtt[endpoint] = mqtt
                await mqtt.start()

    async def stop(self) -> None:
        """Close the proxies."""
        for proxy in (*self.modbus.values(), *self.mqtt.values()):
            await proxy.stop()

    def advance(self, now_s: float) -> None:
        """Let faults come and go: what holds at plant time `now_s` is there from now on."""
        wanted: dict[tuple[Endpoint, int | str], list[ActiveFault]] = {}
        for spec in self.specs:
            active = wanted.setdefault(self._place(spec), [])
            if spec.holds(now_s):
                active.append(ActiveFault(spec.kind, spec.param))
        for place, active in wanted.items():
            if self._shown.get(place, ()) != tuple(active):
                self._shown[place] = tuple(active)
                self._set(place, active)

    def applied(self) -> Counter[str]:
        """How often each kind has spoiled something, over all proxies."""
        proxies = (*self.modbus.values(), *self.mqtt.values())
        return sum((proxy.applied for proxy in proxies), Counter[str]())

    def _set(self, place: tuple[Endpoint, int | str], active: list[ActiveFault]) -> None:
        endpoint, key = place
        if endpoint not in self.modbus and endpoint not in self.mqtt:
            raise FaultError(
                f"no proxy stands at {endpoint[0]}:{endpoint[1]}; remedy: name a fault of it before the start, for later (@FROM)"
            )
        if isinstance(key, int):
            self.modbus[endpoint].set_faults(key, active)
        else:
            self.mqtt[endpoint].set_faults(key, active)

    def _place(self, spec: FaultSpec) -> tuple[Endpoint, int | str]:
        """The endpoint of a fault, and its unit there; of MQTT the device, or `EVERYTHING` for a whole link."""
        device = self.site.devices.get(spec.target)
        name = link_of(spec.target, self.site)
        link = self.site.links[name]
        if not isinstance(link, (ModbusTcp, Mqtt)):
            raise FaultError(f"fault {spec.kind}: {name} has no endpoint; remedy: a link on TCP")
        key: int | str = EVERYTHING if device is None else spec.target if is_on_broker(spec) else device.unit
        return split_endpoint(link.endpoint), key


def _brokers(site: Site) -> tuple[Endpoint, ...]:
    endpoints = [split_endpoint(link.endpoint) for link in site.links.values() if isinstance(link, Mqtt)]
    return tuple(dict.fromkeys(endpoints))
