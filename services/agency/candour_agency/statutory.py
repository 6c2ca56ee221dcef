"""What the law asks of people beside what they tell here: prompts, never rules. Pure. Source: domain 1.1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from candour_protocol.codes import AgencyKind, ConcernCategory
from candour_protocol.ids import Address, AgencyId
from candour_protocol.profiles import Nation

from candour_agency.directory import Directory
from candour_agency.drafts import coding
from candour_agency.schemas.concern import Matter

_FGM: Final = (
    "This does not go to the police. A teacher, and whoever works in regulated health or social care, who in "
    "their work is told by a girl under 18 that she was cut, or sees signs of it, reports that to the police "
    "themselves, as a rule by the end of the next working day (FGM Act 2003, section 5B; England and Wales). "
    "Tell the police too, or ring 101; 999 where somebody is in danger."
)
_NATIONS: Final = (Nation.ENGLAND, Nation.WALES)


def notices(directory: Directory, body: Matter, told: Iterable[Address]) -> Iterator[str]:
    """For the author of a concern that goes to ``told``."""
    categories = coding.code_list(ConcernCategory, body.categories)
    own = directory.profile(directory.agency)
    here = own is not None and own.nation in _NATIONS
    heard = {directory.agency, *(address.agency for address in told)}
    if ConcernCategory.FGM in categories and here and not any(_is_police(directory, each) for each in heard):
        yield _FGM


def _is_police(directory: Directory, agency: AgencyId) -> bool:
    profile = directory.profile(agency)
    return profile is not None and profile.kind is AgencyKind.POLICE
