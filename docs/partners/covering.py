"""An inbox that stays closed too long: its cover gets a copy of a concern, and looks meanwhile."""

from __future__ import annotations

from candour_protocol.codes import AgencyKind, ConcernCategory
from candour_protocol.covering import Covers, is_for_few
from candour_protocol.ids import RESTRICTED, Address
from candour_protocol.kinds import ConcernCodes, Kind, parse_codes

from directory import Directory
from office import Office, now
from writing import Letter


class Switchboard:
    """Who looks while somebody is away."""

    def __init__(self, office: Office, directory: Directory) -> None:
        self._office = office
        self._directory = directory

    def look(self, told: Letter) -> tuple[Address | None, str | None]:
        """Who gets a copy of a concern, if anybody; and what its author is told of a closed inbox."""
        codes = parse_codes(Kind.CONCERN, told.codes)
        assert isinstance(codes, ConcernCodes)  # noqa: S101 - narrows the type
        covers = Covers(self._directory.profile, self._directory.policy)
        opens = covers.closed_until(told.to, codes.urgency, now())
        if opens is None:
            return None, None
        cover = covers.looking(told.to, codes.urgency, now(), lambda named: self._copied(codes, named))
        closed = f"{told.to} is closed until {opens:%Y-%m-%d %H:%M} UTC"
        return cover, closed if cover else f"{closed}. Ring them if this cannot wait."

    def _copied(self, codes: ConcernCodes, cover: Address) -> Address | None:
        """Not what is for a few alone; and an allegation against staff only in a restricted inbox."""
        if is_for_few(codes):
            return None
        profile = self._directory.profile(cover.agency)
        is_lado = profile is not None and profile.kind is AgencyKind.LADO
        if ConcernCategory.STAFF_ALLEGATION in codes.categories and not is_lado:
            cover = Address(cover.agency, RESTRICTED)
        ours = cover.agency == self._office.agency
        return None if ours or self._directory.seal_to(cover) is None else cover
