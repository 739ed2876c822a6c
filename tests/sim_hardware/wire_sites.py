"""The hall with other wires than plain Modbus TCP and MQTT: a serial line, RTU over TCP, TLS, identity registers, odd orders, wide values."""

from __future__ import annotations

from pathlib import Path

from controller.site.check import check
from controller.site.loader import loads
from controller.site.model import Site

HALL = (Path(__file__).parents[2] / "deploy" / "sites" / "hall.toml").read_text(encoding="utf-8")
TLS = 'tls = { ca_file = "ca.pem", certificate_file = "own.pem", key_file = "own.key" }'
_EDITS = {
    'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15030"': 'kind = "modbus-rtu"\nport = "/dev/serial/by-id/gas"\nbaud = 38400',
    'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15031"': f'kind = "modbus-tcp"\nendpoint = "127.0.0.1:15031"\nframing = "rtu"\n{TLS}',
    'kind = "mqtt"\n': 'kind = "mqtt"\nversion = "5"\nusername = "haechi"\npassword_file = "secret"\ntls = { ca_file = "ca.pem" }\n',
    '[devices.gas]\nlink = "gas"': '[devices.gas]\nlink = "gas"\nmax_gap = 9\nmax_registers = 12\nspacing_s = 0.01',
    "address = 18\ncount = 9": "address = 18\ncount = 9\nidentity = { address = 27, value = 4711 }",
    'address = 0\ncount = 4\ntype = "int16"\nfactor = 0.1\nunit = "degC"\ninvalid = [-32768]': (
        'address = 0\ncount = 4\ntype = "float64"\norder = "dcba"\nidentity = { address = 16, value = 815 }\nunit = "degC"'
    ),
    '[devices."asd-[1-4]"]\nlink = "asd-{n}"': '[devices."asd-[1-4]"]\nlink = "asd-{n}"\ndepth = 3',
}


def mixed_wires() -> Site:
    """The hall with all of these; it passes the check (its files are not looked for)."""
    text = HALL
    for old, new in _EDITS.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    site = loads(text)
    assert check(site) == ()
    return site
