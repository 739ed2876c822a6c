from __future__ import annotations

from pathlib import Path

import pytest

from controller.site.loader import load
from controller.site.model import Mqtt, Site
from sim_hardware.rehost import free_endpoints, rehost, split_endpoint, write_site


def test_a_written_site_reads_back_as_the_same(hall: Site, tmp_path: Path) -> None:
    write_site(hall, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == hall


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


@pytest.mark.parametrize("text", ["localhost", "host:", "host:port"])
def test_an_endpoint_has_host_and_port(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        split_endpoint(text)
