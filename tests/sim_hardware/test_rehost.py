from __future__ import annotations

from pathlib import Path

import pytest

from controller.site.loader import load
from controller.site.model import Framing, ModbusRtu, ModbusTcp, Mqtt, Site
from sim_hardware.rehost import free_endpoints, plain, rehost, split_endpoint, write_site
from tests.sim_hardware.wire_sites import mixed_wires


def test_a_written_site_reads_back_as_the_same(hall: Site, tmp_path: Path) -> None:
    write_site(hall, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == hall


def test_every_option_of_every_wire_is_written_and_read_back(tmp_path: Path) -> None:
    site = mixed_wires()
    write_site(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site


def test_a_serial_line_stays_where_it_is_or_goes_to_the_tty_that_is_named(tmp_path: Path) -> None:
    site = mixed_wires()
    assert rehost(site, 1000).links["gas"] == site.links["gas"]
    assert "gas" not in free_endpoints(site)
    moved = rehost(site, {"gas": "/dev/pts/7"}).links["gas"]
    assert isinstance(moved, ModbusRtu)
    assert (moved.port, moved.baud) == ("/dev/pts/7", 38400)


def test_a_drill_speaks_plainly_and_goes_without_the_tty() -> None:
    site = mixed_wires()
    drilled = plain(site, own_broker=True)
    gas, heat, broker = (drilled.links[name] for name in ("gas", "heat", "broker"))
    assert isinstance(gas, ModbusTcp)
    assert (gas.framing, gas.timeout_s, gas.budget_requests_per_s) == (Framing.RTU, 0.3, 20.0)
    assert isinstance(heat, ModbusTcp)
    assert (heat.framing, heat.tls) == (Framing.RTU, None)
    assert isinstance(broker, Mqtt)
    assert (broker.version, broker.tls, broker.username, broker.password_file) == ("3.1.1", None, "", "")
    endpoints = free_endpoints(drilled)
    assert endpoints.keys() == site.links.keys()
    assert len(set(endpoints.values())) == len(endpoints)
    other = plain(site, own_broker=False).links["broker"]
    assert isinstance(other, Mqtt)
    assert other.version == "5"


def test_an_offset_moves_every_port_and_back(hall: Site) -> None:
    moved = rehost(hall, 1000)
    assert moved.links["gas"].endpoint == "127.0.0.1:16030"  # type: ignore[union-attr]
    assert moved.devices == hall.devices
    assert rehost(moved, -1000) == hall
    with pytest.raises(ValueError, match="remedy"):
        rehost(hall, 60_000)


def test_free_endpoints_keep_links_apart_that_are_apart(hall: Site) -> None:
    endpoints = free_endpoints(hall)
    assert endpoints.keys() == hall.links.keys()
    assert len(set(endpoints.values())) == len(endpoints)
    broker = rehost(hall, {"broker": "10.0.0.1:1883"}).links["broker"]
    assert isinstance(broker, Mqtt)
    assert split_endpoint(broker.endpoint) == ("10.0.0.1", 1883)


def test_an_ipv6_address_stands_in_brackets(hall: Site) -> None:
    assert split_endpoint("[::1]:502") == ("::1", 502)
    moved = rehost(rehost(hall, {"gas": "[::1]:502"}), 1000).links["gas"]
    assert isinstance(moved, ModbusTcp)
    assert moved.endpoint == "[::1]:1502"


@pytest.mark.parametrize("text", ["localhost", "host:", "host:port"])
def test_an_endpoint_has_host_and_port(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        split_endpoint(text)
