"""What a policy says of several concerns that are shown together. Source: domain 5.5."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from candour_protocol.codes import ConcernCategory
from candour_protocol.policy_tables import Section

_Count = Annotated[int, Field(ge=1, le=100)]
_Children = Annotated[int, Field(ge=2, le=100)]
_Category = Annotated[ConcernCategory, Field(strict=False)]


class Patterns(Section):
    """When several concerns are shown together to social care. Off unless switched on.

    ``shown`` is of concerns about one child. ``adults`` is a switch of its own: with it statements name the
    adults who are alleged to be a risk by tokens, and ``adult_children`` unrelated children of one are shown.
    """

    shown: bool = False
    adults: bool = False
    window_days: Annotated[int, Field(ge=1, le=36_500)] = 180
    concerns: _Count = 3
    agencies: _Count = 2
    unseen: Annotated[tuple[_Category, ...], Field(strict=False)] = (ConcernCategory.OUT_OF_SIGHT,)
    adult_children: _Children = 2

    @property
    def any(self) -> bool:
        """Whether social care is shown anything."""
        return self.shown or self.adults
