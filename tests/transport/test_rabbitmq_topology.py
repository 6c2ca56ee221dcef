"""The topology as code: rendered, applied twice, compared, and what an operator reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from candour_protocol import strict_json
from candour_protocol.cli import app
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport import broker_definitions
from candour_protocol.transport.rabbitmq_management import Management
from candour_protocol.transport.topology import DEAD, SUBMIT, inbox_queues
from typer.testing import CliRunner, Result
from yarl import URL

from tests.services.pair import AMQP_URL
from tests.services.ports import MANAGEMENT
from tests.transport.realm import Realm, password
from tests.transport.recorder import AGENCIES, INBOX, SCHOOL

PARTIES = [argument for agency in AGENCIES for argument in ("--agency", agency)]


@pytest.fixture
def empty(services: Mapping[str, str]) -> Iterator[Realm]:
    """A virtual host's name; nothing is made yet."""
    realm = Realm(services[AMQP_URL])
    yield realm
    realm.remove()


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "passwords.json"
    file.write_text(json.dumps({user: password(user) for user in (GATEWAY, *AGENCIES)}))
    return file


def run(realm: Realm, what: str, *more: str) -> tuple[int, str]:
    result = invoked(realm, what, *more)
    return result.exit_code, result.stdout


def invoked(realm: Realm, what: str, *more: str) -> Result:
    address: URL = realm.address
    management = f"http://{address.host}:{(address.port or 5672) + MANAGEMENT}"
    where = ["--management", management, "--operator", address.user or "", "--vhost", realm.name]
    environment = {"CANDOUR_BROKER_PASSWORD": address.password or ""}
    return CliRunner().invoke(app, ["topology", what, *where, *PARTIES, *more], env=environment)


def test_applying_twice_changes_nothing_and_the_check_is_content(empty: Realm, passwords: Path) -> None:
    first = run(empty, "apply", "--passwords", str(passwords))
    second = run(empty, "apply", "--passwords", str(passwords))

    assert (first, second) == ((0, ""), (0, ""))
    assert run(empty, "check", "--passwords", str(passwords)) == (0, "")


def test_the_check_names_what_is_missing_different_or_too_much(empty: Realm, passwords: Path) -> None:
    run(empty, "apply", "--passwords", str(passwords))
    rights = {"configure": ".*", "write": ".*", "read": ".*"}

    empty.delete(f"/queues/{empty.name}/{INBOX}")
    empty.put(f"/permissions/{empty.name}/{SCHOOL}", rights)
    empty.put(f"/queues/{empty.name}/inbox.nobody-here.urgent", {"durable": True})
    status, said = run(empty, "check")

    assert status == 1
    assert f"missing: queue {INBOX}" in said
    assert f"different: permission {SCHOOL} (configure, write, read)" in said
    assert "unexpected: queue inbox.nobody-here.urgent" in said
    assert run(empty, "apply") == (1, "unexpected: queue inbox.nobody-here.urgent\n")


def test_a_user_that_cannot_be_made_is_named_before_anything_is(empty: Realm) -> None:
    result = invoked(empty, "apply", "--agency", "nobody-here")

    assert result.exit_code == 1
    assert "the broker has no user nobody-here; give a password" in result.stderr
    assert empty.name not in {each["name"] for each in empty.get("/vhosts")}
    empty.make()


def test_what_an_agency_that_has_left_still_has_is_named_with_what_to_do(empty: Realm) -> None:
    left = AgencyId("left-us")
    words: dict[str, str] = {each: password(each) for each in (GATEWAY, *AGENCIES, left)}
    empty.post("/definitions", broker_definitions.render([*AGENCIES, left], words, vhost=empty.name))

    result = invoked(empty, "check")
    empty.delete(f"/users/{left}")
    without = invoked(empty, "check")

    assert result.exit_code == 1
    assert f"unexpected: permission {left}" in result.stdout
    assert f"unexpected: topic permission {left} {SUBMIT}" in result.stdout
    assert f"unexpected: queue inbox.{left}.urgent" in result.stdout
    assert "rabbitmqctl delete_user" in result.stderr
    assert "permission" not in without.stdout


def test_the_check_names_a_user_that_is_missing_or_is_more_than_a_user(empty: Realm, passwords: Path) -> None:
    """A tag lets it change its own rights, or send in another's name. To see that no password is needed."""
    run(empty, "apply", "--passwords", str(passwords))
    words = {"password": password(SCHOOL)}
    try:
        empty.put(f"/users/{SCHOOL}", words | {"tags": "impersonator"})
        more = run(empty, "check")
    finally:
        empty.put(f"/users/{SCHOOL}", words | {"tags": ""})

    missing = run(empty, "check", "--agency", "nobody-here")

    assert more == (1, f"different: user {SCHOOL} (tags)\n")
    assert "missing: user nobody-here" in missing[1]


def test_a_probe_takes_out_nothing_but_itself(empty: Realm) -> None:
    """What the broker counts is some seconds old: a queue that seems empty may hold somebody's message."""
    empty.make()
    address, place = empty.address, f"/queues/{empty.name}/{INBOX}"
    take = {"count": 5, "ackmode": "ack_requeue_true", "encoding": "auto"}
    somebodys = {"properties": {}, "routing_key": INBOX, "payload": "a message", "payload_encoding": "string"}

    url = f"http://{address.host}:{(address.port or 5672) + MANAGEMENT}"
    with Management(url, address.user or "", address.password or "") as management:
        alone = management.takes_messages(empty.name, INBOX)
        left = empty.post(f"{place}/get", take).json()
        empty.post(f"/exchanges/{empty.name}/amq.default/publish", somebodys)
        beside = management.takes_messages(empty.name, INBOX)

    assert (alone, left, beside) == (True, [], True)
    assert [each["payload"] for each in empty.post(f"{place}/get", take).json()] == ["a message"]


def test_a_broker_that_does_not_answer_is_said_in_a_sentence(passwords: Path) -> None:
    where = ["--management", "http://127.0.0.1:9", "--operator", "operator", *PARTIES]

    result = CliRunner().invoke(app, ["topology", "check", *where], env={"CANDOUR_BROKER_PASSWORD": "x"})

    assert (result.exit_code, result.stderr) == (1, "no management API answers at this address.\n")


def test_rendering_is_the_same_every_time_and_holds_no_password(passwords: Path) -> None:
    rendered = [
        CliRunner().invoke(app, ["topology", "render", *PARTIES, "--passwords", str(passwords)]).stdout
        for _ in range(2)
    ]

    assert rendered[0] == rendered[1]
    assert password(SCHOOL) not in rendered[0]
    assert {str(each["name"]) for each in json.loads(rendered[0])["users"]} == {GATEWAY, *AGENCIES}


def test_an_id_that_is_none_is_refused_before_it_becomes_a_pattern() -> None:
    result = CliRunner().invoke(app, ["topology", "render", "--agency", ".*"])

    assert result.exit_code == 2
    assert "not the id of an agency" in result.stderr


def test_every_queue_is_a_quorum_queue_with_explicit_limits() -> None:
    definitions = broker_definitions.render(AGENCIES)
    text = strict_json.dumps(definitions)

    queues = json.loads(text)["queues"]
    (live, dead) = (each["definition"] for each in json.loads(text)["policies"])
    assert {each["name"] for each in queues} == set(broker_definitions.queue_names(AGENCIES))
    assert {each["arguments"]["x-queue-type"] for each in queues} == {"quorum"}
    assert {*inbox_queues(SCHOOL)} < {each["name"] for each in queues}
    assert live["overflow"] == "reject-publish"
    assert dead["overflow"] == "drop-head"  # what cannot be parked would hold up everybody
    assert live["dead-letter-exchange"] == DEAD
    assert "dead-letter-strategy" not in live  # its workers can take every queue down with them
    assert live["delivery-limit"] == broker_definitions.NO_LIMIT
    assert definitions["users"] == []
