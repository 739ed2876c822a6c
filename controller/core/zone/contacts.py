"""The wired inputs of a zone, several contacts of one family taken together."""

from controller.core.draft import Draft
from controller.core.rules import ZoneRules
from controller.core.state import Tri
from controller.site.model import Family

_NO, _YES, _UNKNOWN = Tri.NO, Tri.YES, Tri.UNKNOWN
"""Asked for twenty times a scan and zone: a member of an enumeration is looked up slowly before Python 3.12."""


def wired(draft: Draft, zone: ZoneRules, family: Family) -> Tri:
    """A wired input of a zone: YES if any contact says so, else UNKNOWN if any is in fault, else NO."""
    found, contacts = _NO, draft.inputs.wired
    for head in zone.wired.get(family, ()):
        if contacts[head] == _YES:
            return _YES
        if contacts[head] == _UNKNOWN:
            found = _UNKNOWN
    return found
