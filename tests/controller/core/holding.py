"""The test site with an extended discharge and a timed extract in the hall."""

from controller.site.model import Site
from tests.controller.core.field import site

HOLDING = (
    (
        'output = "agent"\nreserve_output',
        (
            'output = "agent"\nextended_output = "agent-extended"\nextended_s = 100.0\nextract_s = 300.0\n'
            "extract_gas_low_s = 20.0\nreserve_output"
        ),
    ),
    (
        "[outputs.agent-reserve]\n",
        (
            '[outputs.agent-extended]\nrole = "agent-extended"\nzone = "hall"\nchannels = ["do-2-coils[10]", "do-1-extra[0]"]\n'
            'on_restart = "keep"\non_comm_loss = 0\n[outputs.agent-reserve]\n'
        ),
    ),
    (
        "[blocks.fb-inputs]\n",
        (
            '[blocks.do-1-extra]\ndevice = "do-1"\ntable = "coil"\naddress = 20\ntype = "bit"\nwritable = true\nperiod_s = 0.2\n'
            "[blocks.fb-inputs]\n"
        ),
    ),
    (
        "[matrix.release-reserve]\n",
        '[matrix.extended]\nwhen = ["hall.release-extended"]\nthen = ["agent-extended"]\n[matrix.release-reserve]\n',
    ),
)


def holding(*changes: tuple[str, str]) -> Site:
    """That site, with further changes."""
    return site(*HOLDING, *changes)


GAS_LOW = ("extract_s = 300.0", 'extract_s = 300.0\nextract = "gas-low"')
