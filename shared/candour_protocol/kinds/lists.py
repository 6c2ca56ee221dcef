"""The kinds of statement, and the closed lists of what each discloses. Source: protocol section 3.1.

T1 fields stand together in the one disclosure ``codes``, which the gateway reads; each T2 field is a
disclosure of its own, which only the recipient reads. No name is in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """The middle of a statement's ``type``: ``org.candour.<kind>.v1``."""

    CONCERN = "concern"
    REQUEST = "request"
    APPROVAL = "approval"
    DELIVERY = "delivery"
    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    DECISION = "decision"
    ANSWER = "answer"
    CHALLENGE = "challenge"
    OUTCOME = "outcome"
    TRANSFER = "transfer"
    WITHDRAWAL = "withdrawal"
    CLOSURE = "closure"
    CORRECTION = "correction"
    APPLIED = "applied"
    LINK = "link"
    TOLD = "told"
    NOTICE = "notice"
    REGISTRY = "registry"
    ERASURE = "erasure"


# What this version knows; every other kind is refused by name.
IN_FORCE: frozenset[Kind] = frozenset(Kind)

# What its author may put right; a correction is put right by another of the same message.
CORRECTABLE: frozenset[Kind] = frozenset(Kind) - {
    Kind.DELIVERY,
    Kind.NOTICE,
    Kind.CORRECTION,
    Kind.REGISTRY,
    Kind.ERASURE,
}
# What its author may take back. What was decided or answered is corrected, or decided again.
WITHDRAWABLE: frozenset[Kind] = frozenset({Kind.CONCERN, Kind.REQUEST, Kind.CHALLENGE, Kind.TOLD})

# Plain claims, no disclosures, addressed to the gateway.
PLAIN: frozenset[Kind] = frozenset({Kind.REGISTRY, Kind.ERASURE})


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Besides `txn` and `actor` (null where no person acts), which every kind with disclosures has.
_OWN_T1: Mapping[Kind, str] = {
    Kind.CONCERN: (
        "child categories need_level urgency inbox marks openness onward_to relays pays_back withheld checks"
    ),
    Kind.REQUEST: (
        "child concern_refs urgency inbox purpose power lawful_basis special_category openness asked"
        " countersigned author_level still_current checks"
    ),
    Kind.APPROVAL: "approves as",
    Kind.DELIVERY: "opened rules",
    Kind.ACKNOWLEDGEMENT: "",
    Kind.REPLY: "",
    Kind.DECISION: "decision final",
    Kind.ANSWER: "outcomes decider_level countersigned checks",
    Kind.CHALLENGE: "stage challenges",
    Kind.OUTCOME: "outcome",
    Kind.TRANSFER: "to",
    Kind.WITHDRAWAL: "reason",
    Kind.CLOSURE: "reason",
    Kind.CORRECTION: "correction_kind corrects",
    Kind.APPLIED: "applied",
    Kind.LINK: "joins undoes",
    Kind.TOLD: "told_outside reply_by",
    Kind.NOTICE: "notice about",
}

T1: Mapping[Kind, tuple[str, ...]] = {
    **{kind: ("txn", "actor", *_names(own)) for kind, own in _OWN_T1.items()},
    **dict.fromkeys(PLAIN, ()),
}

# What the codes of a kind may have besides, where a policy wants it; left out otherwise, and never null.
OPTIONAL_T1: Mapping[Kind, tuple[str, ...]] = {Kind.CONCERN: ("adults",), Kind.REQUEST: ("adults",)}

T2: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONCERN: _names(
        "subject household professionals facts impact safe_tonight whereabouts done_so_far outcome_wanted"
        " author reach child_view handling confirms_call attachments original"
    ),
    Kind.REQUEST: _names("subject persons questions danger_line author reach may_tell_family original"),
    Kind.APPROVAL: _names("who why"),
    Kind.DELIVERY: (),
    Kind.ACKNOWLEDGEMENT: _names("name role questions"),
    Kind.REPLY: _names("answers facts attachments"),
    Kind.DECISION: _names("feedback reasons decider closure_evidence"),
    Kind.ANSWER: _names("content searched would_change_if decider"),
    Kind.CHALLENGE: _names("argument new_fact"),
    Kind.OUTCOME: _names("came_of_it"),
    Kind.TRANSFER: _names("why worker"),
    Kind.WITHDRAWAL: _names("text"),
    Kind.CLOSURE: _names("text"),
    Kind.CORRECTION: _names("what_is_right"),
    Kind.APPLIED: _names("why_not"),
    Kind.LINK: _names("why"),
    Kind.TOLD: _names("whom"),
    Kind.NOTICE: (),
    Kind.REGISTRY: (),
    Kind.ERASURE: (),
}


def digest_count(kind: Kind) -> int:
    """How many digests a statement of this kind signs: one for ``codes``, one for each T2 field."""
    return 0 if kind in PLAIN else 1 + len(T2[kind])
