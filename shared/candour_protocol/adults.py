"""Adult tokens: the same adult, alleged to be a risk to several children. Source: domain 5.5 and R06.

They are made as child tokens are, by the same key, and only of a number that its scheme's check digit bears
out: never of a name, a birth date or an address. An adult without such a number has none. They are stated
only where the rule set switches them on, and never in what is kept from an ordinary inbox or alleges
something against staff: an allegation must not become a way to link.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence

from candour_protocol import base64url
from candour_protocol.codes import ConcernCategory, HandlingMark, SubjectRole, as_code
from candour_protocol.identifiers import Scheme, is_valid, normalise
from candour_protocol.ids import RESTRICTED, AdultToken
from candour_protocol.kinds import ConcernCodes, ConcernContent, Person, RequestCodes, RequestContent
from candour_protocol.policy import Policy
from candour_protocol.rules import Matter
from candour_protocol.strict_json import JsonObject, JsonValue

MOST_PEOPLE = 5  # that one statement names by tokens, the first of them: three numbers each under four keys

_ROLES = (SubjectRole.ALLEGED_RISK, SubjectRole.ALLEGED_RISK_POT)

Linkable = ConcernCodes | RequestCodes


def adult_tokens(people: Sequence[Person], partnership_keys: Sequence[bytes]) -> list[AdultToken]:
    """The sorted tokens of those among these people who are alleged to be a risk; perhaps none.

    Args:
        partnership_keys: the current key, and for 180 days after a rotation the one before it.
    """
    numbered = [found for one in people if _is_risk(one) and (found := list(_numbers(one)))]
    named = {text for found in numbered[:MOST_PEOPLE] for text in found}
    return sorted({_token(key, text) for key in partnership_keys for text in named})


def may_link(codes: Linkable, cited: Sequence[Matter] = ()) -> bool:
    """Whether a statement may name adults at all: it, and what it cites, are for ordinary inboxes.

    Args:
        cited: of a request, the concerns that it rests on, as far as they are at hand.
    """
    resting = [one.codes for one in cited if isinstance(one.codes, ConcernCodes)]
    return not any(map(_is_kept, (codes, *resting)))


def stated(
    matter: Matter, cited: Sequence[Matter], policy: Policy, partnership_keys: Sequence[bytes]
) -> JsonObject:
    """The member ``adults`` for T1, or nothing: what names no adult is as it was before there was one."""
    codes = matter.codes
    if not isinstance(codes, Linkable) or not policy.patterns.adults or not may_link(codes, cited):
        return {}
    tokens: list[JsonValue] = [*adult_tokens(_people(matter) or (), partnership_keys)]
    return {"adults": tokens} if tokens else {}


def recomputes(
    matter: Matter, cited: Sequence[Matter], policy: Policy | None, partnership_keys: Sequence[bytes]
) -> bool:
    """Whether the tokens in T1 are those of the adults in the sealed part.

    A concern names all of them, under at least one key, where its rule set says so. A request may name fewer:
    its asker can know of a restriction that its holder cannot see. A relay names those that its originator
    did, whatever rule set its own sender has, and is not judged where the household stayed behind.

    Args:
        policy: the rule set that is attested; ``None`` where it is not here.
    """
    codes = matter.codes
    if not isinstance(codes, Linkable):
        return True
    if not may_link(codes, cited):
        return not codes.adults
    people, copied = _people(matter), isinstance(codes, ConcernCodes) and codes.relays is not None
    if people is None:
        return True
    by_key = [set(adult_tokens(people, [key])) for key in partnership_keys]
    claimed = set(codes.adults)
    if not claimed <= {token for tokens in by_key for token in tokens}:
        return False
    if policy is None or copied:
        return True
    if not policy.patterns.adults:
        return not claimed
    return isinstance(codes, RequestCodes) or any(tokens <= claimed for tokens in by_key)


def _is_kept(codes: Linkable) -> bool:
    """Whether an ordinary inbox must not see it, or it alleges something against staff."""
    if codes.inbox == RESTRICTED:
        return True
    if isinstance(codes, RequestCodes):
        return False
    against_staff = ConcernCategory.STAFF_ALLEGATION in codes.categories
    return against_staff or codes.withheld is not None or HandlingMark.LADO_ONLY in codes.marks


def _people(matter: Matter) -> Sequence[Person] | None:
    """Those whom a statement names beside the child; ``None`` where a relay did not bring them."""
    content = matter.content
    if matter.original is not None:
        return matter.original.household
    if isinstance(content, RequestContent):
        return content.persons or ()
    return content.household or () if isinstance(content, ConcernContent) else ()


def _is_risk(person: Person) -> bool:
    return as_code(SubjectRole, person.role) in _ROLES


def _numbers(person: Person) -> Iterator[str]:
    """Each number as it goes into a token. No child's begins so, whoever has the same number."""
    given = {Scheme.NHS: person.nhs_number, Scheme.CHI: person.chi, Scheme.HCN: person.hcn}
    for scheme, value in given.items():
        if value and is_valid(scheme, value):
            yield f"adult:{scheme}:{normalise(value)}"


def _token(key: bytes, named: str) -> AdultToken:
    return AdultToken(f"a1.{base64url.encode(hmac.digest(key, named.encode(), 'sha256'))}")
