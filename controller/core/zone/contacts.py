"""The wired inputs of a zone, several contacts of one family taken together."""

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import Tri
from controller.site.model import Family


def wired(draft: Draft, zone: ZoneRules, family: Family) -> Tri:
    """A wired input of a zone: YES if any contact says so, else UNKNOWN if any is in fault, else NO."""
    states = [draft.inputs.wired[head] for head in zone.wired.get(family, ())]
    if Tri.YES in states:
        return Tri.YES
    return Tri.UNKNOWN if Tri.UNKNOWN in states else Tri.NO
