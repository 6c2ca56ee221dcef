"""Makes the messages in ``docs/partners/examples/wire``: what a partner's own software can be tried against.

    .venv/bin/python -m tests.partners.golden

Keys come from words, so everybody knows them and nobody may use them. What is sealed is another text at each
run, so the files are made once, and the tests read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from candour_protocol import rules
from candour_protocol.actors import actor_token
from candour_protocol.children import child_tokens
from candour_protocol.entry import Entry
from candour_protocol.ids import AgencyId, Jti, Txn, sha256_text
from candour_protocol.kinds import T1, Kind, Person, parse_codes, parse_content
from candour_protocol.note import Signer
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.statement import Draft, Issued, issue
from candour_protocol.strict_json import JsonObject
from candour_protocol.wire import (
    Answered,
    Delivered,
    Problem,
    render_answered,
    render_body,
    render_delivered,
    render_problem,
)

from tests.partners.bodies import EXAMPLES, example
from tests.protocol.logbook import Logbook
from tests.protocol.statements import opening_key, signing_key

WIRE = EXAMPLES / "wire"
NET = "testborough"
SURGERY, SCHOOL = AgencyId("testborough-gp"), AgencyId("testborough-hill")
SURGERYS_KEY, SCHOOLS_KEY = signing_key("golden surgery"), signing_key("golden school")
SCHOOLS_INBOX = opening_key("golden school, general")
PARTNERSHIP_KEY, ACTOR_KEY = b"golden partnership key, 32 bytes", b"golden actor key of the surgery."
LOG = Signer("candour.example/testborough", signing_key("golden log"))
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
POLICY = load_policy(policy_for(NET, identifiers="test"))
TXN = Txn("019aa0c3-4c40-7000-8000-000000000001")


def messages() -> Mapping[str, bytes]:
    """Each example by its name."""
    told, log = _concern(), Logbook(LOG)
    receipt = _logged(log, told)
    said = _delivery(told)
    nonsense = b'{"statement": "not one"}'
    return {
        "submission": render_body(told.body),
        "answered": render_answered(Answered(told.statement.claims.jti, receipt)),
        "delivered": render_delivered(Delivered(told.body, receipt)),
        "delivery": render_body(said.body),
        "delivery-delivered": render_delivered(Delivered(said.body, _logged(log, said))),
        "refused": _refused(log),
        "problem": render_problem(Problem("body", sha256_text(nonsense))),
    }


def keys() -> JsonObject:
    """What a reader of the examples needs; the private key is one that everybody knows."""
    return {
        "log": {"origin": LOG.name, "vkey": LOG.verifier.vkey},
        "sign": {SURGERY: SURGERYS_KEY.public.jwk, SCHOOL: SCHOOLS_KEY.public.jwk},
        "opens": {"agency": SCHOOL, "inbox": "general", "jwk": SCHOOLS_INBOX.private_jwk},
        "partnership": PARTNERSHIP_KEY.decode(),
        "policy": POLICY.id,
    }


def _concern() -> Issued:
    given = example("concern")
    subject = Person.model_validate(given["content"]["subject"])
    codes: JsonObject = dict.fromkeys(T1[Kind.CONCERN]) | given["codes"]
    codes |= {
        "txn": TXN,
        "actor": actor_token(ACTOR_KEY, TXN, given["staff_id"]),
        "child": list(child_tokens(subject, [PARTNERSHIP_KEY], bytes(32))),
        "inbox": "general",
        "marks": [],
    }
    content = parse_content(Kind.CONCERN, given["content"], partial=True)
    matter = rules.Matter(Kind.CONCERN, parse_codes(Kind.CONCERN, codes), content)
    codes["checks"] = dict(rules.check_matter(matter, (), int(AT.timestamp()), POLICY).checks)
    draft = _draft(Kind.CONCERN, SURGERY, SCHOOL, 2, codes, content=given["content"])
    return issue(draft, SURGERYS_KEY, SCHOOLS_INBOX.public)


def _delivery(of: Issued) -> Issued:
    codes: JsonObject = {"txn": TXN, "actor": None, "opened": "sound", "rules": {}}
    draft = _draft(Kind.DELIVERY, SCHOOL, SURGERY, 3, codes, irt=of.statement.hash)
    return issue(draft, SCHOOLS_KEY, None)


def _draft(kind: Kind, iss: AgencyId, aud: AgencyId, number: int, codes: JsonObject, **more: Any) -> Draft:
    iat = int(AT.timestamp())
    jti = Jti(f"019aa0c3-4c40-7000-8000-{number:012}")
    return Draft(NET, iss, aud, jti, iat, iat + 604_800, kind, codes, **more)


def _refused(log: Logbook) -> bytes:
    """A delivery of something that its sender was never party to."""
    codes: JsonObject = {"txn": TXN, "actor": None, "opened": "sound", "rules": {}}
    stray = _draft(Kind.DELIVERY, SURGERY, SCHOOL, 4, codes, irt=sha256_text(b"nothing"))
    issued = issue(stray, SURGERYS_KEY, None)
    receipt = _logged(log, issued, "refused", ("not-a-party",))
    violations = (("not-a-party", "/irt"),)
    return render_answered(Answered(issued.statement.claims.jti, receipt, violations))


def _logged(log: Logbook, issued: Issued, verdict: str = "passed", rules: tuple[str, ...] = ()) -> str:
    log.append(Entry.at(AT, verdict, rules, POLICY.id, issued.statement.jwt).to_bytes())
    return log.receipt(len(log.entries) - 1)


def _write(file: Path, content: bytes) -> None:
    file.write_text(json.dumps(json.loads(content), indent=2) + "\n")


def main() -> None:
    """Write every file anew."""
    WIRE.mkdir(exist_ok=True)
    for name, raw in messages().items():
        _write(WIRE / f"{name}.json", raw)
    _write(WIRE / "keys.json", json.dumps(keys()).encode())


if __name__ == "__main__":
    main()
