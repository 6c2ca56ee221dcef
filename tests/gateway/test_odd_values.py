"""Whatever an agency signs, it gets an answer, and its neighbours get theirs. Protocol section 5."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from candour_gateway import consequences, sitting
from candour_protocol.errors import MalformedError
from candour_protocol.ids import sha256_text
from candour_protocol.kinds import CODES
from candour_protocol.kinds.lists import T1, Kind
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport.port import Ack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.partnership import (
    CHILD,
    CSC,
    GP,
    SCHOOL,
    a_txn,
    an_actor,
    answer_codes,
    concern_codes,
    request_codes,
)
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

ODD_ADDRESSES = ("ab", "a", "abc/x", "a" * 60, "gateway", "registrar", f"{CSC}/x", f"{CSC}/" + "x" * 40)
WITHHELD: JsonObject = {
    "from": CSC,
    "reason": "LADO",
    "lodged_with": SCHOOL,
    "second": an_actor(),
    "review_on": "2026-12-01",
}


@ON_BOTH
async def test_an_odd_address_is_answered_and_costs_its_neighbours_nothing(world: World) -> None:
    places = [(member, address) for member in ("from", "lodged_with") for address in ODD_ADDRESSES]
    odd = [world.partnership.concern(withheld=WITHHELD | {member: address}) for member, address in places]
    before, after = world.partnership.concern(CSC, SCHOOL), world.partnership.concern(CSC, GP)

    settlements = await world.submit(before, *odd, after)

    assert set(settlements) == {Ack()}
    assert {world.verdict(each) for each in odd} == {("refused", ("mismatch",))}
    assert world.verdict(before) == world.verdict(after) == ("passed", ())


@ON_BOTH
async def test_a_transfer_to_an_odd_address_is_answered(world: World) -> None:
    concern = world.partnership.concern()
    codes = [{"actor": an_actor(), "to": address} for address in ODD_ADDRESSES]
    odd = [
        world.partnership.say(Kind.TRANSFER, SCHOOL, GP, dict(each), irt=concern.statement.hash)
        for each in codes
    ]

    await world.submit(concern, *odd)

    assert {world.verdict(each) for each in odd} == {("refused", ("mismatch",))}


@pytest.mark.parametrize("where", ["decide", "consequences"])
async def test_what_cannot_be_judged_is_refused_by_itself(
    world: World, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the gateway's own; the statement's codes are not kept, so judging again takes it over."""
    odd, neighbour = world.partnership.concern(), world.partnership.concern(CSC, SCHOOL)
    _stumble(where, str(odd.statement.hash), monkeypatch)

    settlements = await world.submit(odd, neighbour, odd)

    assert settlements == [Ack()] * 3
    assert world.verdict(odd) == ("refused", ("mismatch",))
    assert not world.copies(odd)
    assert world.verdict(neighbour) == ("passed", ())


def _stumble(where: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one step of judging raise about one statement, as long as it has codes."""
    module = sitting if where == "decide" else consequences
    real = getattr(module, where)

    def stumbling(first: object, *others: object) -> object:
        statement = getattr(first, "statement", first)
        if getattr(statement, "hash", "") == name and getattr(first, "codes", None) is not None:
            raise MalformedError("odd", "something that nobody has thought of")
        return real(first, *others)

    monkeypatch.setattr(module, where, stumbling)


# ---- any value anywhere ------------------------------------------------------------------------------

_HASHES = (sha256_text(b"of nothing"), "x" * 43, "")
_SCALARS: st.SearchStrategy[JsonValue] = st.one_of(
    st.sampled_from(ODD_ADDRESSES),
    st.sampled_from((GP, SCHOOL, CSC, f"{CSC}/mash", "general", "restricted", "RED", "EMERGENCY", "L3")),
    st.sampled_from(("2026-02-31", "0000-00-00", "2026-12-01", "ADDRESS_PROTECTED", "WRONG_CHILD", "yes")),
    st.sampled_from((*_HASHES, *map(str, CHILD), a_txn(), an_actor())),  # type: ignore[arg-type]
    st.sampled_from((None, True, 0, -1, 1, 40, 41, 2**53 - 1)),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF), max_size=12),
)
_VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(("line", "from", "to", "how", "ruleset", "R02")), inner, max_size=3),
    ),
    max_leaves=6,
)


def _sound(kind: Kind, about: str) -> Mapping[str, JsonValue]:
    """T1 of this kind that parses, about one statement."""
    own: JsonObject = {"actor": an_actor(), "txn": a_txn()}
    special: Mapping[Kind, JsonObject] = {
        Kind.CONCERN: concern_codes() | {"withheld": WITHHELD},
        Kind.REQUEST: request_codes([about]),  # type: ignore[list-item]
        Kind.APPROVAL: {"approves": about, "as": "lodgee"},
        Kind.DELIVERY: {"opened": "sound", "rules": {}},
        Kind.DECISION: {"decision": "ACCEPTED", "final": True},
        Kind.ANSWER: answer_codes(),
        Kind.CHALLENGE: {"stage": 1, "challenges": about},
        Kind.TRANSFER: {"to": GP},
        Kind.CORRECTION: {"correction_kind": "WRONG_CHILD", "corrects": about},
        Kind.APPLIED: {"applied": "yes"},
        Kind.LINK: {"joins": [a_txn(), *CHILD], "undoes": None},  # type: ignore[misc]
        Kind.NOTICE: {"notice": "clock", "about": about},
    }
    return dict.fromkeys(T1[kind]) | special.get(kind, {}) | own


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(CODES)),
    changes=st.dictionaries(st.integers(0, 11), _VALUES, max_size=2),
    inside=st.none() | st.tuples(st.sampled_from(sorted(WITHHELD)), _VALUES),
    about=st.integers(0, 2),
)
async def test_no_value_of_any_code_of_any_kind_stops_a_batch(
    world: World,
    kind: Kind,
    changes: Mapping[int, JsonValue],
    inside: tuple[str, JsonValue] | None,
    about: int,
) -> None:
    concern = world.partnership.concern(GP, SCHOOL)
    request = world.partnership.request([concern.statement.hash], GP, SCHOOL)
    name = (concern.statement.hash, request.statement.hash, sha256_text(b"of nothing"))[about]
    codes = dict(_sound(kind, name))
    codes |= {sorted(codes)[place % len(codes)]: value for place, value in changes.items()}
    if kind is Kind.CONCERN and inside is not None:
        codes["withheld"] = WITHHELD | dict([inside])
    ends = (GP, SCHOOL) if kind in (Kind.CONCERN, Kind.REQUEST, Kind.LINK) else (SCHOOL, GP)
    odd = world.partnership.say(kind, *ends, codes, irt=name)
    neighbour = world.partnership.concern(CSC, SCHOOL)

    settlements = await world.submit(concern, request, odd, neighbour)

    assert settlements == [Ack()] * 4
    assert world.receipt(odd).entry.verdict in ("passed", "flagged", "held", "refused")
    assert world.verdict(neighbour) == ("passed", ())
