"""Fire 2 parts what only dims from what burns: nuisances at the upper end of their ranges, alone and two at a time, and fires."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from controller.core.detect.defaults import DEFAULTS
from controller.site.model import Family
from sim_hardware.physics.server_room import ServerRoom, ServerRoomGeometry
from sim_hardware.scenarios.nuisances import NUISANCES

FIRE_2 = DEFAULTS[Family.SMOKE].fire_2 or 0.0
Act = Callable[[ServerRoom], None]
START_S = 60.0


def most(kind: str, name: str) -> float:
    return NUISANCES[kind].ranges[name].high


def steam(room: ServerRoom) -> None:
    room.inject_steam(START_S, most("steam-leak", "duration_s"), most("steam-leak", "steam_g_per_s"))


def spray(room: ServerRoom) -> None:
    room.inject_aerosol(900.0, most("spray-can", "duration_s"), most("spray-can", "spray_g_per_s"))


def dust(room: ServerRoom) -> None:
    room.inject_dust(START_S, most("maintenance", "duration_s") / 2.0, most("maintenance", "dust_g_per_s"))


def flux(room: ServerRoom) -> None:
    lasts_s, rate = most("soldering", "duration_s"), most("soldering", "smoke_g_per_s")
    room.inject_cable_smoulder(START_S, peak_g_per_s=rate, growth_s=1.0, duration_s=lasts_s)


NUISANCE: tuple[Act, ...] = (steam, spray, dust, flux)


def both_stand_at(acts: tuple[Act, ...], *, hvac_on: bool, lasts_s: int = 2000) -> np.ndarray:
    """%/m that both detectors show at least, second by second."""
    room = ServerRoom(ServerRoomGeometry(), 1)
    room.inputs.hvac_on = hvac_on
    for act in acts:
        act(room)
    least = np.zeros(lasts_s)
    for second in range(lasts_s):
        room.advance(1.0)
        least[second] = room.smoke_pct_per_m.min()
    return least


@pytest.mark.parametrize("hvac_on", [True, False], ids=["air conditioned", "still"])
@pytest.mark.parametrize(
    "acts",
    [*((one,) for one in NUISANCE), *combinations(NUISANCE, 2)],
    ids=lambda acts: "+".join(a.__name__ for a in acts),
)
def test_what_is_no_fire_does_not_bring_both_detectors_to_fire_2(acts: tuple[Act, ...], hvac_on: bool) -> None:
    assert both_stand_at(acts, hvac_on=hvac_on).max() < FIRE_2


@pytest.mark.parametrize(("fire", "within_s"), [("smoulder", 400), ("cabinet", 150)])
def test_what_burns_does(fire: str, within_s: int) -> None:
    def burn(room: ServerRoom) -> None:
        (room.inject_cable_smoulder if fire == "smoulder" else room.inject_server_fire)(START_S)

    least = both_stand_at((burn,), hvac_on=True, lasts_s=500)
    assert int(np.argmax(least >= FIRE_2)) - START_S <= within_s
    assert least[-1] >= FIRE_2
