"""What the stories tell, by name (`stories.py` says what a row may hold)."""

from tests.controller.core.tales.edges import EDGES
from tests.controller.core.tales.ladder import LADDER
from tests.controller.core.tales.life import LIFE
from tests.controller.core.tales.parts import PARTS
from tests.controller.core.tales.rare import RARE
from tests.controller.core.tales.release import RELEASE

TALES = RELEASE | LADDER | LIFE | RARE | EDGES | PARTS
