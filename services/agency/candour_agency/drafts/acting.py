"""Who acts in a call: the person in the token, one whom a trusted client names, or nobody vouched for.

Source: protocol sections 3.1 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass

from candour_protocol.actors import actor_token
from candour_protocol.ids import ActorToken, Txn
from candour_protocol.kinds import Author, Signer
from candour_protocol.tokens import Access

from candour_agency.names import plain_name


@dataclass(frozen=True, slots=True)
class Acting:
    """The person behind a call.

    Attributes:
        staff_id: of the person whom the agency answers for; ``None`` where nobody was authenticated.
        as_stated: the name in the body is not vouched for.
        vouches: others named in the same call are vouched for too.
    """

    staff_id: str | None
    as_stated: bool
    vouches: bool

    @property
    def known_as(self) -> str | None:
        """The person's staff id as marks that keep somebody out are compared with it."""
        return self.staff_id.strip().lower() if self.staff_id else None

    def actor(self, key: bytes, txn: Txn) -> ActorToken | None:
        """The person's token in a thread."""
        return _token(key, txn, self.staff_id)

    def other(self, key: bytes, txn: Txn, signer: Signer | None) -> ActorToken | None:
        """The token of a second person, where the caller may vouch for them."""
        return _token(key, txn, signer.staff_id) if self.vouches and signer else None

    def author(self, stated: Signer | None, countersigned_by: Signer | None = None) -> Author | None:
        """What the recipient reads about the author."""
        if stated is None and not self.staff_id:
            return None
        given = stated.model_dump(exclude_none=True) if stated else {}
        given.setdefault("staff_id", self.staff_id)
        return Author(**given, as_stated=self.as_stated, countersigned_by=countersigned_by)


def _token(key: bytes, txn: Txn, staff_id: str | None) -> ActorToken | None:
    """Of one person however their id was typed: nobody becomes a second person by a capital letter."""
    known = plain_name(staff_id)
    return actor_token(key, txn, known) if known else None


def who_acts(access: Access, author: Signer | None) -> Acting:
    """Read who acts from the token and, where the client may name persons, from the body."""
    stated = author.staff_id if author else None
    if access.acts_as is not None:
        other = stated is not None and plain_name(stated) != plain_name(access.acts_as)
        return Acting(access.acts_as, other, access.may_assert)
    if access.may_assert and stated:
        return Acting(stated, False, True)
    return Acting(None, True, access.may_assert)
