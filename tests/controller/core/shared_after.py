"""The test site with one bank for two rooms and an extended discharge that they share too, or share alone."""

from controller.site.model import Site
from tests.controller.core.field import site
from tests.controller.core.one_bank import ONE_BANK

_EXTENDED = "".join(
    f'[outputs.extended-{zone}]\nrole = "agent-extended"\nzone = "{zone}"\nchannels = ["do-2-coils[10]", "do-1-extra[0]"]\n'
    'on_restart = "keep"\non_comm_loss = 0\n'
    for zone in ("hall", "server")
)
_ROWS = "".join(
    f'[matrix.extended-{zone}]\nwhen = ["{zone}.release-extended"]\nthen = ["extended-{zone}"]\n'
    for zone in ("hall", "server")
)
_AFTER = (
    (
        'output = "agent"\nselector',
        'output = "agent"\nextended_output = "extended-hall"\nextended_s = 100.0\nselector',
    ),
    (
        'output = "server-agent"\nselector',
        'output = "server-agent"\nextended_output = "extended-server"\nextended_s = 100.0\nselector',
    ),
    ("[outputs.agent-reserve]\n", _EXTENDED + "[outputs.agent-reserve]\n"),
    (
        "[blocks.fb-inputs]\n",
        "".join(
            f'[blocks.do-{n}-extra]\ndevice = "do-{n}"\ntable = "coil"\naddress = 20\ncount = 2\ntype = "bit"\nwritable = true\n'
            "period_s = 0.2\n"
            for n in (1, 2)
        )
        + "[blocks.fb-inputs]\n",
    ),
    ("[matrix.release-reserve]\n", _ROWS + "[matrix.release-reserve]\n"),
    ("same_family = true", "same_family = true\nsame_family_hold_s = 0.0"),
)
_OWN_BANKS = (
    ('channels = ["do-1-coils[4]", "do-2-coils[4]"]\non_restart = "keep"\non_comm_loss = 0\n[outputs.agent]',
     'channels = ["do-1-extra[1]", "do-2-extra[0]"]\non_restart = "keep"\non_comm_loss = 0\n[outputs.agent]'),
)  # fmt: skip


def shared_after(*changes: tuple[str, str]) -> Site:
    """One bank, one reserve, one extended discharge; each room's own selector."""
    return site(*ONE_BANK, *_AFTER, *changes)


def shared_after_alone() -> Site:
    """The extended discharge alone is shared: each room has its own main and reserve bank."""
    own_main = [change for change in ONE_BANK if "do-1-coils[11]" not in change[0]]
    return site(*own_main, *_AFTER, *_OWN_BANKS)
