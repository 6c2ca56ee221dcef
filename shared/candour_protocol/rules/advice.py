"""What the author of a fault is told to do about it, and what such a fault can do to the statement.

Where ``fixes`` has nothing for a place, the rule's own words in ``table`` serve.
"""

from __future__ import annotations

import re

from candour_protocol.rules.fixes import ANYBODY, FIXES, WHO, Fix
from candour_protocol.rules.judgement import Severity
from candour_protocol.rules.table import BY_ID

_GRAVEST = (Severity.REFUSE, Severity.HOLD, Severity.FLAG)
_NUMBER = re.compile(r"/\d+")
_CHILDREN = "/subjects/*"  # a call about several children names each so, and a message its own as /subject


def fix_for(rule: str, pointer: str, severity: Severity | None = None, hint: str = "") -> str:
    """What mends one violation of the rule with this id.

    Args:
        severity: ``None`` where it is not known; then the gravest fault of that place is meant.
        hint: the violation's; of a hold, whom it waits for.
    """
    found = _listed(rule, pointer)
    meant = [fix for fix in found if fix.severity is severity] or found
    words = meant[0].words if meant else BY_ID[rule].fix
    return words.replace(WHO, hint or ANYBODY)


def severities(rule: str, pointer: str) -> tuple[Severity, ...]:
    """What a fault of this rule at this place can do, the gravest first; empty where none is listed."""
    return tuple(fix.severity for fix in _listed(rule, pointer))


def may_refuse(rule: str, pointer: str) -> bool:
    """Whether a fault of this rule at this place can be why a statement was refused."""
    able = severities(rule, pointer)
    return Severity.REFUSE in able or not able


def _listed(rule: str, pointer: str) -> list[Fix]:
    place = _NUMBER.sub("/*", pointer).replace(_CHILDREN, "/subject")
    found = (fix for fix in FIXES.get(rule, ()) if fix.pointer == place)
    return sorted(found, key=lambda fix: _GRAVEST.index(fix.severity))
