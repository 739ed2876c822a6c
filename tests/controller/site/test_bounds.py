"""Numbers and addresses that no plant has: what the checker refuses, so that no link and no scan ever meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from controller.site.check import check
from controller.site.loader import loads
from controller.site.model import Recording, Site
from drivers.modbus.plan import MOST_IN_FLIGHT
from tests.controller.site.hall import HALL, edited, problems_of

GAS = 'endpoint = "127.0.0.1:15030"'
BROKER = 'endpoint = "127.0.0.1:18883"'
GAS_DEVICE = '[devices.gas]\nlink = "gas"'


def floats(value: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Every float of a site, with its path."""
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from floats(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from floats(entry, f"{path}.{name}")


def with_float(value: object, path: list[str], number: float) -> object:
    """The same, with `number` at `path`."""
    if not path:
        return number
    head, *rest = path
    if isinstance(value, dict):
        return value | {head: with_float(value[head], rest, number)}
    assert isinstance(value, msgspec.Struct)
    return msgspec.structs.replace(value, **{head: with_float(getattr(value, head), rest, number)})


def test_nan_and_inf_are_refused_wherever_a_number_stands() -> None:
    site = loads(HALL)
    seen = set()
    for path, _ in floats(site):
        kind = re.sub(r"^(\w+)\.[^.]+\.", r"\1.", path)
        if kind in seen:
            continue
        seen.add(kind)
        for number in (float("nan"), float("inf"), float("-inf")):
            broken = with_float(site, path.split("."), number)
            assert isinstance(broken, Site)
            assert any(f"{number} is no number" in problem.what for problem in check(broken)), path
    assert {"links.timeout_s", "links.budget_requests_per_s", "devices.spacing_s", "blocks.max_age_s"} <= seen
    assert {"devices.watchdog.timeout_s", "zones.release.pre_warning_s", "site.scan_s", "blocks.factor"} <= seen


WRONG: dict[str, tuple[tuple[tuple[str, str], ...], str, str, str]] = {
    "a time-out for ever": (((GAS, f"{GAS}\ntimeout_s = inf"),), "links.gas.timeout_s", "inf is no", "finite"),
    "a time-out of nan": (((GAS, f"{GAS}\ntimeout_s = nan"),), "links.gas.timeout_s", "nan is no", "finite"),
    "a budget of nan": (
        ((GAS, f"{GAS}\nbudget_requests_per_s = nan"),), "links.gas.budget_requests_per_s", "nan", "finite",
    ),
    "a budget that bounds nothing": (
        ((GAS, f"{GAS}\nbudget_requests_per_s = 1e9"),), "links.gas.budget_requests_per_s", "1e+09", "10000 at most",
    ),
    "a silence of nan": (((GAS_DEVICE, f"{GAS_DEVICE}\nspacing_s = nan"),), "devices.gas.spacing_s", "nan", "finite"),
    "more in flight than is kept": (
        ((GAS_DEVICE, f"{GAS_DEVICE}\ndepth = {MOST_IN_FLIGHT + 1}"),), "devices.gas.depth", "33", "32 at most",
    ),
    "more registers than a read has": (
        ((GAS_DEVICE, f"{GAS_DEVICE}\nmax_registers = 126"),), "devices.gas.max_registers", "126", "2 to 125",
    ),
    "one register": (
        ((GAS_DEVICE, f"{GAS_DEVICE}\nmax_registers = 1"),), "devices.gas.max_registers", "1 registers", "2 to 125",
    ),
    "a gap of everything": (
        ((GAS_DEVICE, f"{GAS_DEVICE}\nmax_gap = 2001"),), "devices.gas.max_gap", "2001", "0 to 2000",
    ),
    "a negative gap": (((GAS_DEVICE, f"{GAS_DEVICE}\nmax_gap = -1"),), "devices.gas.max_gap", "-1", "0 to 2000"),
    "stale before it is late": (
        ((GAS, f"{GAS}\ntimeout_s = 3.5"),),
        "links.gas.timeout_s", "values of block gas-h2 are stale after 3 s", "3 s at most",
    ),
    "a negative delay": (
        (("trouble_delay_s = 3.0", "trouble_delay_s = -1.0"),), "site.trouble_delay_s", "-1", "3 is usual",
    ),
    "port 0": (((GAS, 'endpoint = "127.0.0.1:0"'),), "links.gas.endpoint", "port 0", "1 to 65535"),
    "port 99999": (((BROKER, 'endpoint = "127.0.0.1:99999"'),), "links.broker.endpoint", "port 99999", "1 to 65535"),
    "a port of many digits": (
        ((GAS, f'endpoint = "127.0.0.1:{"9" * 5000}"'),), "links.gas.endpoint", "does not exist", "1 to 65535",
    ),
    "an empty part": (((GAS, 'endpoint = "a..b:502"'),), "links.gas.endpoint", "'a..b'", "1 to 63 characters"),
    "a part too long": (
        ((BROKER, f'endpoint = "{"x" * 64}.example:1883"'),), "links.broker.endpoint", "xxx", "1 to 63 characters",
    ),
    "IPv6 without brackets": (((GAS, 'endpoint = "::1:502"'),), "links.gas.endpoint", "'::1:502'", "[::1]:502"),
    "no IPv6 in brackets": (((GAS, 'endpoint = "[plc]:502"'),), "links.gas.endpoint", "'plc'", "without brackets"),
    "a line break behind the port": (
        ((GAS, 'endpoint = "127.0.0.1:502\\n"'),), "links.gas.endpoint", "not an endpoint", "host:port",
    ),
    "a certificate's name that is none": (
        ((BROKER, f'{BROKER}\ntls = {{ ca_file = "ca.pem", server_name = "a..b" }}'),),
        "links.broker.tls.server_name", "'a..b'", "certificate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_no_plant_has_is_refused_with_its_remedy(name: str) -> None:
    edits, path, what, remedy = WRONG[name]
    problems = problems_of(edited(*edits))
    assert [problem.path for problem in problems] == [path], problems
    assert what in problems[0].what
    assert remedy in problems[0].remedy


@pytest.mark.parametrize(
    "edits",
    [
        ((GAS, 'endpoint = "[::1]:502"'), (BROKER, 'endpoint = "[fe80::1%eth0]:1883"')),
        ((GAS, 'endpoint = "gas.hall-1.example:65535"'), (BROKER, 'endpoint = "소방.example:1"')),
        ((GAS_DEVICE, f"{GAS_DEVICE}\ndepth = {MOST_IN_FLIGHT}\nmax_registers = 2\nmax_gap = 0"),),
        ((GAS, f"{GAS}\ntimeout_s = 3.0\nbudget_requests_per_s = 10000.0"),),
    ],
)
def test_what_stands_at_the_bounds_passes(edits: tuple[tuple[str, str], ...]) -> None:
    assert problems_of(edited(*edits)) == ()


def test_a_value_is_of_use_for_an_hour_at_most() -> None:
    site = loads(HALL)
    for age_s, told in ((3600.0, False), (3600.5, True)):
        block = msgspec.structs.replace(site.blocks["gas-voc"], max_age_s=age_s)
        problems = check(msgspec.structs.replace(site, blocks=site.blocks | {"gas-voc": block}))
        assert any("would still be used" in problem.what for problem in problems) == told


@pytest.mark.parametrize(("speed", "told"), [(0.0, True), (-1.0, True), (1e9, True), (1e-3, False), (1e4, False)])
def test_a_recording_runs_forwards_at_a_speed_that_can_be_kept(speed: float, told: bool) -> None:
    site = loads(HALL)
    played = msgspec.structs.replace(site, links=site.links | {"old": Recording(file="a", mapping="b", speed=speed)})
    assert [problem.path for problem in check(played)] == (["links.old.speed"] if told else [])


@pytest.mark.feature("F28")
@pytest.mark.parametrize(("age_s", "refused"), [(7.0, False), (7.5, True)])
def test_a_battery_management_whose_silence_would_be_told_after_ten_seconds_is_refused(
    age_s: float, refused: bool
) -> None:

    before, name, after = HALL.partition('[blocks."bms-[1-8]-temperature"]')
    slower = loads(before + name + after.replace("max_age_s = 3.0", f"max_age_s = {age_s}", 1))
    paths = [problem.path for problem in check(slower)]
    assert paths == (["blocks.bms-1-temperature.max_age_s"] if refused else [])
