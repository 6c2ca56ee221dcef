"""What a statement names, and under which keys it can be found again. Source: protocol sections 3.1 and 4.

A key is the hash of a statement that is named; or, with a colon in it, something that only T1 says, which is
kept as a keyed hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from candour_protocol.adults import may_link
from candour_protocol.claims import Claims
from candour_protocol.ids import AdultToken, AgencyId, StatementHash
from candour_protocol.kinds import (
    ApprovalCodes,
    ChallengeCodes,
    Codes,
    ConcernCodes,
    CorrectionCodes,
    DeliveryCodes,
    LinkCodes,
    NoticeCodes,
    RequestCodes,
    TransferCodes,
    WithdrawalCodes,
)

MOST_UNDER_A_KEY = 256  # of what a thread or a child is joined by; whoever is party to it can fill it


def parent_of(irt: StatementHash | None, codes: Codes | None) -> StatementHash | None:
    """The statement that this one is about, if it names one."""
    match codes:
        case ApprovalCodes(approves=name):
            return name
        case CorrectionCodes(corrects=name):
            return name
        case ChallengeCodes(challenges=name):
            return name
        case LinkCodes(undoes=name) if name is not None:
            return name
        case NoticeCodes(about=str() as name):
            return name
        case _:
            return irt


def names_in(irt: StatementHash | None, codes: Codes | None) -> set[StatementHash]:
    """Every statement that this one names."""
    names = {irt, parent_of(irt, codes)}
    match codes:
        case ConcernCodes():
            names |= {codes.relays, codes.pays_back}
        case RequestCodes():
            names |= set(codes.concern_refs)
        case _:
            pass
    return {name for name in names if name is not None}


def named_by(claims: Claims, codes: Codes | None) -> set[StatementHash]:
    """Every logged statement that its verdict may depend on."""
    reissued = {claims.reissues} if claims.reissues is not None else set()
    return names_in(claims.irt, codes) | reissued | set(claims.erases)


def keys_of(iss: AgencyId, aud: AgencyId, irt: StatementHash | None, codes: Codes | None) -> Iterator[str]:
    """Under which keys a logged statement is looked for."""
    if codes is not None and _is_said(codes):
        yield matter_key(codes.txn)
    match codes:
        case ConcernCodes():
            yield from names_in(irt, codes)
            yield from (thread_key(codes.txn, told) for told in ({iss}, {aud}, {iss, aud}))
            if codes.relays is None:
                yield from (child_key(token) for token in codes.child)
                yield from (adult_key(token) for token in adults_of(codes))
        case RequestCodes():
            yield from names_in(irt, codes)
            yield from (asked_key(iss, token) for token in codes.child)
            yield from (adult_asked_key(iss, token) for token in adults_of(codes))
        case ApprovalCodes() | CorrectionCodes() | WithdrawalCodes() | ChallengeCodes() | TransferCodes():
            yield from names_in(irt, codes)
        case LinkCodes():
            yield from names_in(irt, codes)
            for item in codes.joins or ():
                yield from (joined_key(item, known_to) for known_to in ({iss}, {iss, aud}))
        case _:
            pass


def _is_said(codes: Codes) -> bool:
    """Whether it moves its thread on: no machine's receipt or reminder, and no word about an erasure."""
    machine = isinstance(codes, DeliveryCodes | NoticeCodes)
    return not machine and not (isinstance(codes, ApprovalCodes) and codes.capacity == "party")


def matter_key(txn: str) -> str:
    """Everything that moved a thread on."""
    return f"matter:{txn}"


def thread_key(txn: str, told: Collection[AgencyId]) -> str:
    """The concerns of a thread that one agency told or was told, or that lie between two."""
    return f"thread:{_among(told)}:{txn}"


def child_key(token: str) -> str:
    """The concerns about a child, relays apart. Kept only where patterns are shown: it lists children."""
    return f"child:{token}"


def asked_key(iss: AgencyId, token: str) -> str:
    """The requests of an agency about a child."""
    return f"asked:{iss}:{token}"


def adults_of(codes: ConcernCodes | RequestCodes) -> tuple[AdultToken, ...]:
    """The adults that a statement may link to others by; none, where it is kept from an ordinary inbox."""
    return codes.adults if may_link(codes) else ()


def adult_key(token: str) -> str:
    """The concerns that allege an adult to be a risk, relays apart. Kept as `adult_asked_key` is."""
    return f"adult:{token}"


def adult_asked_key(iss: AgencyId, token: str) -> str:
    """The requests of an agency about an adult. Kept only where adults are named: it lists them."""
    return f"adult-asked:{iss}:{token}"


def joined_key(item: str, known_to: Collection[AgencyId]) -> str:
    """The links that join a thread or a token to something: of one agency, or between two.

    Named in the key, so that nobody has to read past what others have joined.
    """
    return f"joined:{_among(known_to)}:{item}"


def _among(agencies: Collection[AgencyId]) -> str:
    return "+".join(sorted(set(agencies)))


def is_bounded(key: str) -> bool:
    """Whether only the first `MOST_UNDER_A_KEY` under it count."""
    return key.startswith(("thread:", "joined:"))


def is_private(key: str) -> bool:
    """Whether it says what only T1 says."""
    return ":" in key


def is_of_a_child(key: str) -> bool:
    """Whether it would make a list of the concerns about each child."""
    return key.startswith("child:")


def is_of_an_adult(key: str) -> bool:
    """Whether it would make a list of what is said, or asked, about each adult."""
    return key.startswith(("adult:", "adult-asked:"))
