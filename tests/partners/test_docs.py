"""What partners are given to read is true: every example is read by the code that reads the real ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from candour_protocol import rules
from candour_protocol.children import recomputes
from candour_protocol.errors import CandourError
from candour_protocol.keys import OpeningKey, VerifyKey
from candour_protocol.kinds import (
    CODES,
    CONTENT,
    OPTIONAL_T1,
    T1,
    ConcernCodes,
    Kind,
    parse_codes,
    parse_content,
)
from candour_protocol.note import Verifier
from candour_protocol.receipt import verify
from candour_protocol.sealing import open_sealed
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.transport.rabbitmq_message import MEDIA_TYPE
from candour_protocol.transport.topology import GATEWAY_BINDINGS, inbox_queues, matches
from candour_protocol.wire import Answered, Delivered, Problem, parse_body, parse_inbound

from tests.partners import golden
from tests.partners.bodies import EXAMPLES, example

PARTNERS = EXAMPLES.parent
ASYNCAPI: dict[str, Any] = json.loads((PARTNERS / "asyncapi.json").read_text())
KEYS: dict[str, Any] = json.loads((golden.WIRE / "keys.json").read_text())
SUBMITTED = ("submission", "delivery")
RECEIVED = ("answered", "delivered", "delivery-delivered", "refused", "problem")
STEPS = CODES.keys() - {Kind.CONCERN, Kind.REQUEST, Kind.DELIVERY, Kind.NOTICE}  # what people say besides
SPOKEN = {kind.value: kind for kind in (Kind.CONCERN, Kind.REQUEST, *sorted(STEPS))} | {
    "emergency": Kind.REQUEST,
    "paying-back": Kind.CONCERN,
    "relay": Kind.CONCERN,
}
FILLED_IN: dict[str, Any] = {
    "txn": golden.TXN,
    "child": ["v1." + "A" * 43],
    "concern_refs": [],
    "inbox": "general",
    "marks": [],
    "categories": [],
    "approves": "A" * 43,
    "corrects": "A" * 43,
    "challenges": "A" * 43,
    "stage": 1,
    "as": "second",
}


def wire(name: str) -> bytes:
    return (golden.WIRE / f"{name}.json").read_bytes()


def authentic(body: Body) -> Statement:
    statement = parse(body.jwt)
    authenticate(statement, VerifyKey.from_jwk(KEYS["sign"][statement.claims.iss]))
    return statement


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_submission_in_the_examples_is_one(name: str) -> None:
    statement = authentic(body := parse_body(wire(name)))

    assert parse_codes(statement.claims.kind, match(statement, body) or {})


@pytest.mark.parametrize("name", RECEIVED)
def test_what_arrives_in_the_examples_is_proven_offline(name: str) -> None:
    arrived = parse_inbound(wire(name))
    log = Verifier.from_vkey(KEYS["log"]["vkey"])

    if isinstance(arrived, Delivered):
        statement = authentic(arrived.body)
        assert verify(arrived.receipt, log, origin=KEYS["log"]["origin"]).entry.jwt == statement.jwt
    elif isinstance(arrived, Answered):
        entry = verify(arrived.receipt, log, origin=KEYS["log"]["origin"]).entry
        assert parse(entry.jwt).claims.jti == arrived.jti
        assert entry.rules == tuple(rule for rule, _ in arrived.violations)
    else:
        assert isinstance(arrived, Problem)


def test_the_example_concern_opens_and_says_what_the_rules_said() -> None:
    arrived = parse_inbound(wire("delivered"))
    assert isinstance(arrived, Delivered)
    statement = authentic(arrived.body)
    key = OpeningKey.from_jwk(KEYS["opens"]["jwk"])

    content = open_sealed(statement, arrived.body, {key.public.kid: key})

    codes = parse_codes(Kind.CONCERN, match(statement, arrived.body) or {})
    matter = rules.Matter(Kind.CONCERN, codes, parse_content(Kind.CONCERN, content))
    again = rules.check_matter(matter, (), statement.claims.iat, golden.POLICY).checks
    assert isinstance(codes, ConcernCodes)
    assert recomputes(codes.child, matter.subject, [KEYS["partnership"].encode()])
    assert codes.checks is not None
    assert {name: again[name] for name in codes.checks if name != "ruleset"} == {
        name: codes.checks[name] for name in codes.checks if name != "ruleset"
    }
    assert content["facts"] == example("concern")["content"]["facts"]


@pytest.mark.parametrize("name", SPOKEN)
def test_what_people_write_in_the_examples_fits_its_kind(name: str) -> None:
    given, kind = example(name), SPOKEN[name]
    whole = dict.fromkeys(T1[kind]) | {field: FILLED_IN[field] for field in T1[kind] if field in FILLED_IN}

    assert parse_codes(kind, whole | given.get("codes", {}))
    assert parse_content(kind, given["content"], partial=True)


def test_the_script_can_say_every_kind_that_people_say() -> None:
    asking = [sys.executable, str(PARTNERS / "agency.py"), "--partner", "partner.json", "say", "--help"]
    said = subprocess.run(asking, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours

    (kinds,) = set(re.findall(r"\{([a-z,]+)\}", said))
    assert set(kinds.split(",")) == STEPS


def test_every_command_and_every_example_stands_in_the_text() -> None:
    text = (PARTNERS / "README.md").read_text()

    assert set(re.findall(r"^\| `say (\w+) ID FILE`", text, re.MULTILINE)) == STEPS - {Kind.ANSWER}
    for file in EXAMPLES.glob("*.json"):
        assert f"(examples/{file.name})" in text, file.name


def test_every_json_in_the_text_is_read() -> None:
    text = (PARTNERS / "README.md").read_text()
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)

    assert blocks
    for block in blocks:
        json.loads(block)


def test_the_text_names_only_files_that_are_there() -> None:
    text = (PARTNERS / "README.md").read_text()
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)

    assert linked
    for name in linked:
        assert (PARTNERS / name).exists(), name


# -- AsyncAPI ---------------------------------------------------------------------------------------------


def test_the_asyncapi_document_is_what_the_code_says() -> None:
    script = PARTNERS / "describe.py"
    written = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    said = (PARTNERS / "asyncapi.json").read_text()
    assert written.stdout == said, "python docs/partners/describe.py > docs/partners/asyncapi.json"


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(ASYNCAPI))

    for reference in references:
        found: Any = ASYNCAPI
        for step in reference.split("/"):
            found = found[step]
        assert found is not None


def test_the_asyncapi_document_names_the_real_queues_and_keys() -> None:
    submit, inbox = ASYNCAPI["channels"]["submit"], ASYNCAPI["channels"]["inbox"]
    lanes = inbox["parameters"]["lane"]["enum"]
    queues = {inbox["address"].format(agency="testborough-gp", lane=lane) for lane in lanes}

    assert queues == set(inbox_queues("testborough-gp"))
    for kind in submit["parameters"]["kind"]["enum"]:
        for lane in submit["parameters"]["lane"]["enum"]:
            key = submit["address"].format(agency="testborough-gp", kind=kind, lane=lane)
            assert any(matches(each.pattern, key) for each in GATEWAY_BINDINGS)
    assert ASYNCAPI["defaultContentType"] == MEDIA_TYPE


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": ASYNCAPI["components"]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("submission", "submission"),
        ("delivery", "submission"),
        ("answered", "answered"),
        ("refused", "answered"),
        ("delivered", "delivered"),
        ("delivery-delivered", "delivered"),
        ("problem", "problem"),
    ],
)
def test_an_example_fits_the_asyncapi_document_as_it_fits_the_code(name: str, message: str) -> None:
    value = json.loads(wire(name))
    read = parse_body if message == "submission" else parse_inbound

    jsonschema.validate(value, schema(message), jsonschema.Draft7Validator)

    for changed in (value | {"more": ""}, dict.fromkeys(value, 1), dict(list(value.items())[1:])):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(changed, schema(message), jsonschema.Draft7Validator)
        with pytest.raises(CandourError):
            read(json.dumps(changed).encode())


def test_every_kind_that_is_disclosed_is_described_field_by_field() -> None:
    schemas = ASYNCAPI["components"]["schemas"]

    for kind in CODES:
        assert set(schemas[CODES[kind].__name__]["properties"]) == {*T1[kind], *OPTIONAL_T1.get(kind, ())}
        assert CONTENT[kind].__name__ in schemas
        assert {f"{kind}-T1", f"{kind}-T2"} <= schemas.keys()


def test_partners_are_given_one_folder_that_needs_no_other() -> None:
    imported = {
        line.split()[1].split(".")[0]
        for file in PARTNERS.glob("*.py")
        for line in file.read_text().splitlines()
        if re.match(r"(from|import) ", line)
    }
    own = {file.stem for file in PARTNERS.glob("*.py")}

    assert imported - own - set(sys.stdlib_module_names) <= {"candour_protocol", "pydantic"}
