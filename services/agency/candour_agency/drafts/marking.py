"""The marks of a concern: as its author gave them, and one that some concerns have by default. Pure.

Of perplexing presentations, or illness that is fabricated or induced, nobody talks first with whoever may be
behind it. Where the family was told, somebody has decided otherwise. Source: domain 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from candour_protocol.codes import ConcernCategory, ConsentPosition, HandlingMark

from candour_agency.drafts import coding
from candour_agency.schemas.concern import Matter

NOT_FAMILY: Final = (
    "Marked NOT_FAMILY: of perplexing presentations or induced illness the family is not told first. Say in "
    "`openness` if they were told, and it is left out."
)
_QUIET: Final = ConcernCategory.PERPLEXING_FII
_MARK: Final = HandlingMark.NOT_FAMILY.value


def handling(body: Matter) -> tuple[str, ...]:
    """What its author gave, and what it has by default."""
    return (*body.handling, _MARK) if _by_default(body) else tuple(body.handling)


def notices(body: Matter) -> Iterator[str]:
    """What its author should know of that."""
    if _by_default(body):
        yield NOT_FAMILY


def _by_default(body: Matter) -> bool:
    told = coding.code(ConsentPosition, body.openness.position if body.openness else None)
    quiet = _QUIET in coding.code_list(ConcernCategory, body.categories)
    return quiet and told in (None, ConsentPosition.NOT_INFORMED) and _MARK not in coding.marks(body.handling)
