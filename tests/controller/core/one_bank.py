"""The test site with one bank for the hall and the server room, a selector valve in front of each."""

from controller.site.model import Site
from tests.controller.core.field import site

_SELECTOR = """
[outputs.selector-{zone}]
role = "selector"
zone = "{zone}"
channels = ["do-2-coils[{coil}]"]
feedback = {{ point = "fb-inputs[{contact}]" }}
confirm_s = 5.0
consequence = "selector_unproven"
on_restart = "keep"
on_comm_loss = "hold"
"""
_ROW = '\n[matrix.select-{zone}]\nwhen = ["{zone}.selected"]\nthen = ["selector-{zone}"]\n'
_RESERVE = """
[outputs.server-reserve]
role = "agent-reserve"
zone = "server"
channels = ["do-1-coils[4]", "do-2-coils[4]"]
on_restart = "keep"
on_comm_loss = 0
"""
_KEY = '\n[heads.server-reserve-key]\nfamily = "reserve-key"\nzone = "server"\npoints = ["di-2-inputs[7]"]\n'
_RESERVE_ROW = '\n[matrix.server-reserve]\nwhen = ["server.release-reserve"]\nthen = ["server-reserve"]\n'
ONE_BANK = (
    ('channels = ["do-1-coils[11]", "do-2-coils[11]"]', 'channels = ["do-1-coils[3]", "do-2-coils[3]"]'),
    ('output = "agent"\n', 'output = "agent"\nselector = "selector-hall"\n'),
    (
        'output = "server-agent"\n',
        'output = "server-agent"\nselector = "selector-server"\nreserve_output = "server-reserve"\n',
    ),
    (
        "[outputs.agent]\n",
        _SELECTOR.format(zone="hall", coil=8, contact=3)
        + _SELECTOR.format(zone="server", coil=9, contact=4)
        + _RESERVE
        + "[outputs.agent]\n",
    ),
    ("[heads.server-hold]\n", _KEY + "[heads.server-hold]\n"),
    (
        "[matrix.server-release]\n",
        _ROW.format(zone="hall") + _ROW.format(zone="server") + _RESERVE_ROW + "[matrix.server-release]\n",
    ),
)


def one_bank(*changes: tuple[str, str]) -> Site:
    """That site, with further changes."""
    return site(*ONE_BANK, *changes)
