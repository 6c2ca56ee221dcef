"""The bodies of docs/rest.md, sent to a sandbox as they stand: each gets the answer that the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from candour_agency.schemas.concern import ConcernBody
from candour_agency.schemas.request import LineBody, RequestBody
from candour_protocol.codes import CODE_LISTS

from tests.sandbox.conftest import Partner
from tests.sandbox.process import Process, free_base_port

PAGE = Path(__file__).parents[2] / "docs" / "rest.md"
AT = {
    "pell": "testborough-gp",
    "bly": "testshire-ambulance",
    "hallam": "testshire-police",
    "vance": "testborough-hill",
    "tesfaye": "testborough-csc",
    "brook": "testborough-gp",
}

pytestmark = pytest.mark.timeout(600)


def bodies() -> list[dict[str, Any]]:
    """Every indented body of the page that is whole, in its order."""
    blocks = re.findall(r"^(?:    .*\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
    whole = [block for block in blocks if re.match(r'\s+\{"(?:recipients|outcomes|who)"', block)]
    return [json.loads(block) for block in whole]


class Written(NamedTuple):
    concern: dict[str, Any]
    request: dict[str, Any]
    emergency: dict[str, Any]
    paid_back: dict[str, Any]
    withheld: dict[str, Any]
    word: dict[str, Any]
    answer: dict[str, Any]


class Caller:
    """Sends what the page says, as the agency of the person whom it names."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self._manifest = manifest
        self._sent = 0

    def partner(self, agency: str) -> Partner:
        return Partner(self._manifest["agencies"][agency], restricted=True)

    def send(self, path: str, body: dict[str, Any], *, status: int = 202) -> dict[str, Any]:
        """The last message of a call, once it is judged."""
        self._sent += 1
        with self.partner(_sender(body)) as partner:
            answer = partner.post(path, body, f"page-{self._sent}")
            assert answer.status_code == status, answer.text
            return partner.judged(answer.json()["messages"][-1]["id"])

    def find(self, agency: str, **wanted: str) -> dict[str, Any]:
        """What came to an agency; it is there once the statement behind it is settled."""
        with self.partner(agency) as partner:
            return partner.arrival(**wanted)


def _sender(body: dict[str, Any]) -> str:
    person = body.get("author") or body.get("decider") or body["who"]
    return AT[person["staff_id"]]


def _verdict(message: dict[str, Any]) -> tuple[str, list[str]]:
    return message["verdict"]["outcome"], message["verdict"]["rules"]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    process = Process.up(tmp_path_factory.mktemp("page") / "data", free_base_port(), "--no-story")
    yield Caller(process.ready())
    process.kill()


@pytest.fixture
def written() -> Written:
    return Written(*bodies())


def test_what_is_told_asked_approved_and_answered_goes_as_the_page_says(
    caller: Caller, written: Written
) -> None:
    told = caller.send("/v1/concerns", written.concern)
    asked = caller.send("/v1/requests", written.request | {"concern_ids": [told["id"]]})
    caller.find("testborough-hill", id=asked["id"])
    answered = caller.send(f"/v1/requests/{asked['id']}/answer", written.answer)

    assert [_verdict(one) for one in (told, asked, answered)] == [("passed", [])] * 3
    inline = re.findall(
        r"`POST /v1/requests/\{id\}/approval` `(\{.*?\}\s*,\s*\"why\".*?\})`", _text(), re.DOTALL
    )
    for approval in map(json.loads, inline):
        wide = written.request["lines"][0] | {"category": "POLICE_INTEL", "exception": _EXCEPTION}
        held = caller.send("/v1/requests", written.request | {"concern_ids": [told["id"]], "lines": [wide]})
        approved = caller.send(f"/v1/requests/{held['id']}/approval", approval)
        assert (_verdict(held), _verdict(approved)) == (("held", ["R05"]), ("passed", []))
    assert inline


def test_an_emergency_is_asked_first_and_paid_back_as_the_page_says(caller: Caller, written: Written) -> None:
    asked = caller.send("/v1/requests", written.emergency)
    caller.send("/v1/concerns", written.paid_back | {"pays_back": asked["id"]})

    assert _verdict(asked) == ("flagged", ["R09"])
    assert "debt" in {one["kind"] for one in asked["obligations"]}
    with caller.partner("testshire-ambulance") as partner:
        paid = partner.standing(asked["id"], lambda message: "concern-followed" in _events(message))
    assert [one["settled_at"] is not None for one in paid["obligations"] if one["kind"] == "debt"] == [True]


def test_what_an_inbox_must_not_see_is_lodged_and_the_word_lets_a_request_go_on(
    caller: Caller, written: Written
) -> None:
    review = {"review_on": (datetime.now(UTC).date() + timedelta(days=2)).isoformat()}
    told = caller.send("/v1/concerns", written.withheld | {"withheld": written.withheld["withheld"] | review})
    request = written.request | {
        "concern_ids": [told["id"]],
        "subject": written.withheld["subject"],
        "lines": [written.request["lines"][0] | {"person": {"name": "Kim Example", "role": "SUBJECT_CHILD"}}],
        "author": written.withheld["author"],
    }
    held = caller.send("/v1/requests", request)
    notice = caller.find("testborough-csc", kind="notice", notice="lodged", thread=told["thread"])
    caller.send(f"/v1/inbox/{notice['id']}/word", written.word)

    assert (_verdict(told), _verdict(held)) == (("passed", []), ("held", ["R10"]))
    assert held["state_text"] in re.sub(r"\s+", " ", _text())
    with caller.partner("testshire-police") as partner:
        released = partner.standing(held["id"], lambda message: message["verdict"]["outcome"] == "passed")
    assert released["verdict"]["violations"] == []


_EXCEPTION = "Nobody else can say who collects the child from school in the evening."


def _text() -> str:
    return PAGE.read_text("utf-8")


def _events(message: dict[str, Any]) -> list[str]:
    return [one["event"] for one in message["timeline"]]


def test_the_page_names_every_member_of_a_concern_a_request_and_a_line() -> None:
    form = _text().partition("## The form")[2].partition("\n## ")[0]
    concern, request, line = form.split("\n\n| in a ")[1:]

    for table, model in ((concern, ConcernBody), (request, RequestBody), (line, LineBody)):
        rows = [row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|")]
        named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]
        assert sorted(named) == sorted(model.model_fields)


def test_the_page_names_only_lists_that_are_served() -> None:
    form = _text().partition("## The form")[2].partition("\n## ")[0]

    assert set(re.findall(r"list `([a-z_]+)`", form)) <= set(CODE_LISTS)
