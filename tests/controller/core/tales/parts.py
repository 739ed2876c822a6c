"""Stories of conditions of which one part alone is true."""

from tests.controller.core.tales.sites import TWO_GASES, Tales, policy

PARTS: Tales = {
    "a walk test at one rack, then at two places": (
        TWO_GASES,
        """
        1 | say work zone=hall work=walk_test minutes=60
        1 | h2-1 pre-alarm, co-1 pre-alarm
        2 | h2-1 normal, co-1 normal
        1 | smoke-1 pre-alarm, co-1 pre-alarm
        2 | smoke-1 normal, co-1 normal
        1 | say work zone=hall work=walk_test minutes=0
        """,
    ),
    "a second look ends the silence by itself": (
        (policy("verification"),),
        """
        1 | smoke-1 pre-alarm
        1 | say silence zone=hall, say ack zone=hall
        1 | smoke-1 alarm
        1 | smoke-1 normal
        12 |
        """,
    ),
}
