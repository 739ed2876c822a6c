"""Stories of what stands between one head and an alarm, of works, and of what fails."""

from tests.controller.core.tales.sites import CALM, FIRE, Tales, policy

LIFE: Tales = {
    "one head of type A, and it looks again": (
        (policy("A"),),
        """
        1 | smoke-1 alarm
        2 | smoke-1 normal
        2 | smoke-1 alarm
        4 | smoke-1 normal
        25 |
        1 | smoke-2 fault
        1 | heat-1 alarm
        9 | say reset zone=hall
        1 | heat-1 normal, say reset zone=hall
        2 | call-point on
        2 | call-point off
        """,
    ),
    "two heads of type B, within the time": (
        (policy("B"),),
        """
        1 | smoke-1 alarm
        1 | smoke-1 normal
        25 | heat-1 alarm
        2 | smoke-1 alarm
        2 |
        """,
    ),
    "two heads of type C, and members that are sick": (
        (policy("C"),),
        """
        1 | smoke-1 fault
        1 | smoke-2 fault, heat-1 fault, heat-2 fault
        1 | say disable subject=heat-2
        1 | smoke-1 well
        1 | cells-1 fault, cells-2 fault, cells-3 fault
        1 | smoke-1 alarm
        9 | say enable subject=heat-2, heat-2 well
        1 | smoke-1 normal
        25 |
        1 | heat-2 fire-2
        """,
    ),
    "a smoke head is looked at once more": (
        (policy("verification"),),
        """
        1 | smoke-1 alarm
        1 | smoke-1 normal
        12 | smoke-1 alarm
        3 | smoke-1 pre-alarm
        12 | smoke-1 normal
        1 | say reset zone=hall
        2 | smoke-1 alarm
        1 | smoke-1 pre-alarm
        15 | smoke-1 fault
        2 | smoke-1 well, smoke-1 normal, say reset zone=hall
        2 | smoke-1 alarm
        1 | smoke-2 alarm
        9 | smoke-1 normal, smoke-2 normal, fb-inputs[8] 0
        9 | say reset zone=hall
        1 | smoke-2 fire-2
        2 | smoke-2 normal, say reset zone=hall
        1 | smoke-2 alarm
        1 | heat-1 alarm
        12 | fb-inputs[8] 0, smoke-2 normal, heat-1 normal
        9 | say reset zone=hall
        1 | smoke-2 alarm
        0 | call-point on
        1 | call-point off
        """,
    ),
    "a person investigates": (
        (policy("positive alarm"),),
        """
        1 | smoke-1 alarm
        2 | say ack zone=hall
        1 | say ack zone=hall
        4 | say reset zone=hall
        1 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        6 | say ack zone=hall
        2 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        1 | say ack zone=hall
        12 | smoke-1 normal, say reset zone=hall
        1 | night
        1 | smoke-1 alarm
        1 | day
        2 | smoke-1 normal, say reset zone=hall
        1 | smoke-1 alarm
        1 | smoke-1 normal
        9 |
        """,
    ),
    "delays to the brigade": (
        (),
        """
        0 | say delays zone=server on=true
        1 | say delays zone=hall on=true
        1 | say delays zone=hall on=true
        1 | smoke-1 alarm
        3 | say delays zone=hall on=false
        1 | say delays zone=hall on=true
        5 |
        1 | acknowledged on
        2 | acknowledged off
        2 | smoke-1 normal, say reset zone=hall
        1 | call-point on, say delays zone=hall on=true
        1 | call-point off
        9 |
        """,
    ),
    "the alarm is sent, and nobody answers": (
        (),
        """
        1 | acknowledged on
        1 | smoke-1 alarm
        130 | acknowledged off
        1 | acknowledged on
        2 | acknowledged off
        1 | smoke-1 normal, say reset zone=hall
        """,
    ),
    "work is announced and runs out": (
        (),
        """
        1 | say work zone=hall work=work_permit minutes=1
        1 | smoke-1 advisory
        2 | smoke-1 normal, say reset zone=hall
        1 | cells-1 advisory
        2 | cells-1 normal, say reset zone=hall
        55 |
        9 | say work zone=hall work=work_permit minutes=1
        1 | say work zone=hall work=work_permit minutes=0
        1 | say work zone=hall work=walk_test minutes=1
        1 | smoke-1 alarm
        1 | smoke-1 normal
        1 | heat-1 pre-alarm
        1 | heat-1 normal, say work zone=hall work=walk_test minutes=2
        1 | say work zone=hall work=walk_test minutes=0
        1 | say work zone=hall work=walk_test minutes=1
        1 | smoke-1 alarm, heat-1 alarm
        3 | smoke-1 normal, heat-1 normal
        1 | say work zone=hall work=walk_test minutes=0
        1 | say reset zone=hall
        1 | say work zone=hall work=walk_test minutes=1
        1 | cells-1 pre-alarm
        1 | cells-1 normal, say work zone=hall work=walk_test minutes=0, say reset zone=hall
        """,
    ),
    "outputs are tested, until something shows": (
        (),
        """
        1 | say force subject=exhaust seconds=5
        1 | say work zone=hall work=output_test minutes=1
        1 | say force subject=exhaust seconds=5
        2 | say force subject=curtain seconds=60
        6 | say force subject=curtain seconds=0
        1 | say force subject=curtain seconds=60
        2 | smoke-1 pre-alarm
        2 | say work zone=hall work=output_test minutes=0
        2 | say work zone=hall work=walk_test minutes=1
        2 | smoke-1 normal, say reset zone=hall
        2 | cells-2 pre-alarm
        6 | cells-2 normal, say work zone=hall work=walk_test minutes=1
        6 | say work zone=hall work=output_test minutes=1
        """,
    ),
    "devices, heads and contacts fail": (
        (),
        """
        1 | di-1 lost
        5 | di-1 back
        4 | bms-1 lost
        5 | bms-1 back
        3 | do-1 lost
        5 | do-1 back
        4 | smoke-1 fault
        5 | smoke-1 well
        3 | hold fault
        9 | hold on
        12 | hold off
        1 | abort on
        12 | abort off
        1 | call-point fault
        9 | call-point off
        1 | fb-inputs[6] 1
        9 | fb-inputs[6] 0
        3 | do-1-coils[3] 1
        2 | do-1-coils[3] 0
        2 | do-1-coils[7] 1
        2 | do-1-coils[10] 0
        5 | cells-1 flat
        3 | cells-1 sound
        2 | obstruction on
        2 | smoke-1 alarm, heat-1 alarm
        9 | obstruction off
        20 |
        """,
    ),
    "the controller is not well": (
        (),
        """
        1 | host 0 11
        1 | host 0 10
        1 | host 1 2001
        1 | host 1 2000
        1 | host 2 2001
        1 | host 2 0
        1 | host 3 1
        61 | host 4 501
        1 | host 4 500
        1 | host 5 -5001
        1 | host 5 5000
        1 | host 6 1
        12 | host 6 0
        1 | host 7 2
        1 | host 7 0
        1 | host 8 1
        1 | host 8 0
        """,
    ),
    "the same in Korean": (
        (('name = "Test"', 'name = "Test"\nlanguage = "ko"'),),
        """
        1 | smoke-1 fault
        9 | smoke-1 well
        """,
    ),
    "a shadow decides and writes nothing": (
        (('mode = "direct"', 'mode = "shadow"'),),
        f"""
        {FIRE}
        9 | cells-1 runaway, h2-1 alarm
        5 | do-1-coils[3] 1
        9 | breaker-1 sticks
        9 | {CALM}, say reset zone=hall
        3 |
        """,
    ),
}
