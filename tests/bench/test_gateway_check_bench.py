"""What the gateway's check of one statement costs, beside what no check could avoid."""

from __future__ import annotations

import json
import timeit
from collections.abc import Callable

import pytest
from candour_protocol import ids, statement, wire
from candour_protocol.keys import VerifyKey
from candour_protocol.kinds import parse_codes
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Statement

from tests.protocol.statements import SCHOOL, issued

CODES = {
    "txn": "0198f0a0-0000-7000-8000-000000000000",
    "actor": "AAAAAAAAAAAAAAAAAAAAAA",
    "child": ["v1." + ids.sha256_text(b"a child")],
    "categories": ["PHYSICAL_ADULT", "DOMESTIC_ABUSE"],
    "need_level": "L4",
    "urgency": "RED",
    "inbox": "general",
    "marks": ["NOT_FAMILY"],
    "openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"},
    "onward_to": ["testshire-police", "testborough-gp"],
    "checks": {"ruleset": ids.sha256_text(b"rules"), "R02": "pass", "R03": "pass", "R13": "pass"},
}
CONTENT = {
    "facts": [
        {
            "what": "Oval yellow-brown bruise, about 3 cm, under left jaw.",
            "when": "2026-11-09",
            "basis": "OBSERVED",
        }
    ]
}
MOST = 2.0
ROUNDS, CALLS = 40, 50


def _least_seconds(*calls: Callable[[], None]) -> list[float]:
    """Of each call, in rounds that take turns: what a busy machine adds is in the slower rounds."""
    rounds = [[timeit.timeit(call, number=CALLS) / CALLS for call in calls] for _ in range(ROUNDS)]
    return [min(taken) for taken in zip(*rounds, strict=True)]


def _unavoidable(raw: bytes, told: Statement, key: VerifyKey) -> None:
    key.verify(told.signature, told.signing_input)
    json.loads(raw)


def _check(raw: bytes, key: VerifyKey) -> None:
    body = wire.parse_body(raw)
    told = statement.parse(body.jwt)
    statement.authenticate(told, key)
    codes = statement.match(told, body)
    assert codes is not None
    parse_codes(Kind.CONCERN, codes)


@pytest.mark.bench
def test_the_gateways_check_costs_at_most_twice_what_no_check_could_avoid() -> None:
    """Strict JSON, signature, disclosures, models; against Ed25519 and ``json.loads`` of the same bytes."""
    made = issued(Kind.CONCERN, codes=CODES, content=CONTENT)
    raw, key, told = made.raw, SCHOOL.public, made.statement

    bare, checked = _least_seconds(lambda: _unavoidable(raw, told, key), lambda: _check(raw, key))

    print(
        f"\ngateway check of {len(raw)} bytes: {checked * 1e6:.0f} µs"
        f" = {checked / bare:.2f} × the bare {bare * 1e6:.0f} µs"
    )
    assert checked <= MOST * bare
