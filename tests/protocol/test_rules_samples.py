"""Every ready body gets exactly its verdict, from a node's checks to the gateway's judgement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from candour_protocol.ids import AgencyId, StatementHash, sha256_text
from candour_protocol.kinds import ConcernCodes, Kind, RequestCodes
from candour_protocol.rules import Ask, Judgement, Matter, Told, judge_concern, judge_request
from candour_protocol.rules.rehearsal import NOW, attested, written

from tests.protocol.cases import a_policy

SAMPLES = json.loads(files("candour_sandbox").joinpath("samples.json").read_text("utf-8"))
KINDS = {agency: about["kind"] for agency, about in SAMPLES["agencies"].items()}


@dataclass
class Sent:
    """A concern that was sent, to whom, and how it was judged."""

    matter: Matter
    told: Told


def concerns_of(call: Any) -> list[Sent]:
    """One message for each recipient."""
    return [
        told_to(call["as"], recipient, call["id"], call["body"]) for recipient in call["body"]["recipients"]
    ]


def told_to(issuer: str, recipient: str, name: str, body: Any, relays: Sent | None = None) -> Sent:
    audience, _, inbox = recipient.partition("/")
    members = {**body, "inbox": inbox or "general", "pays_back": None, "withheld": None}
    if relays:
        members["relays"] = relays.told.hash
    matter = attested(written(Kind.CONCERN, members), (), a_policy())
    assert isinstance(matter.codes, ConcernCodes)
    original = relays.told.codes if relays else None
    judgement = judge_concern(matter.codes, original, AgencyId(audience), a_policy())
    logged = Told(
        hash=StatementHash(sha256_text(f"{name}{recipient}{relays is None}".encode())),
        issuer=AgencyId(issuer),
        audience=AgencyId(audience),
        inbox=inbox or "general",
        outcome=judgement.outcome,
        at=NOW - timedelta(days=1),
        codes=matter.codes,
        rules=judgement.rules,
    )
    return Sent(matter, logged)


def judge_call(call: Any, sent: dict[str, list[Sent]]) -> list[Judgement]:
    """What each recipient's message comes to; a received concern is relayed to the holder first."""
    found = []
    for holder in call["body"]["recipients"]:
        cited = [cite(reference, call["as"], holder, sent) for reference in call["body"]["concern_ids"]]
        found.append(judge_ask(call, holder, cited))
    return found


def cite(reference: str, asker: str, holder: str, sent: dict[str, list[Sent]]) -> Sent:
    name = reference.strip("{}")
    first = sent[name][0]
    if first.told.audience != asker:
        return first
    body = next(call["body"] for call in SAMPLES["calls"] if call["id"] == name)
    return told_to(asker, holder, name, body, relays=first)


def judge_ask(call: Any, holder: str, cited: list[Sent]) -> Judgement:
    body = {**call["body"], "concern_refs": [each.told.hash for each in cited]}
    matter = written(Kind.REQUEST, body, [each.told.codes.child for each in cited])
    codes = attested(matter, tuple(each.matter for each in cited), a_policy()).codes
    assert isinstance(codes, RequestCodes)
    ask = Ask(
        issuer=AgencyId(call["as"]),
        issuer_kind=KINDS[call["as"]],
        holder=AgencyId(holder),
        inbox="general",
        codes=codes,
        at=NOW,
        told={each.told.hash: each.told for each in cited},
        has_directory_phone=True,
    )
    return judge_request(ask, a_policy())


def verdicts() -> dict[str, tuple[Any, list[Judgement | Told]]]:
    sent: dict[str, list[Sent]] = {}
    found: dict[str, tuple[Any, list[Judgement | Told]]] = {}
    for call in SAMPLES["calls"]:
        if call["call"].endswith("/concerns"):
            sent[call["id"]] = concerns_of(call)
            found[call["id"]] = call["expect"], [each.told for each in sent[call["id"]]]
        else:
            found[call["id"]] = call["expect"], [*judge_call(call, sent)]
    return found


@pytest.mark.parametrize("name", [call["id"] for call in SAMPLES["calls"]])
def test_a_ready_body_gets_exactly_its_verdict_from_every_recipient(name: str) -> None:
    expected, judged = verdicts()[name]

    assert judged
    for each in judged:
        assert (each.outcome.value, list(each.rules)) == (expected["verdict"], expected["rules"])


def test_the_refused_ask_of_2005_is_told_every_place_that_it_has_to_mend() -> None:
    _, judged = verdicts()["R-05"]
    (judgement,) = judged

    assert isinstance(judgement, Judgement)
    assert {violation.pointer for violation in judgement.violations} >= {
        "/concern_ids/0",
        "/power",
        "/openness/position",
        "/author/training_level",
    }
