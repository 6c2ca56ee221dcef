"""What whoever asked is offered beside a request that comes back. Domain 4.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from candour_protocol.kinds import Kind
from candour_protocol.statement import Statement

from tests.agency.gateway_double import Says
from tests.agency.partnership import CSC, Office, Partnership, a_concern, a_request
from tests.agency.places import ON_BOTH

pytestmark = ON_BOTH

RETURNED = Says("refused", ("R02", "R05"), (("R02", "/concern_ids/0"), ("R05", "/lines/0/because")))


def _refusing(says: Says) -> Callable[[Statement], Says]:
    return lambda statement: says if statement.claims.kind is Kind.REQUEST else Says()


def _steps(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["step"], one["href"]) for one in shown["next_steps"]]


TELL, EMERGENCY = ("tell-concern", "/v1/concerns"), ("emergency", "/v1/requests")


@pytest.mark.parametrize(
    ("urgency", "says", "steps"),
    [
        ("AMBER", RETURNED, [TELL, EMERGENCY]),
        ("EMERGENCY", RETURNED, [TELL, EMERGENCY]),  # with a concern it is none that may ask first
        ("AMBER", Says("refused", ("late",)), []),
        ("AMBER", Says(), []),
    ],
)
async def test_whoever_is_sent_back_is_offered_to_tell_alone_or_to_ask_in_an_emergency(
    school: Office, csc: Office, partnership: Partnership, urgency: str, says: Says, steps: list[Any]
) -> None:
    partnership.gateway.judge = _refusing(says)
    told = await school.tell()

    asked = a_request(CSC, concern_ids=[told], urgency=urgency)
    answer = (await school.call("POST", "/v1/requests", asked, Prefer="wait=10")).json()

    message = answer.get("message") or answer["messages"][-1]
    shown = await school.message(message["id"])
    assert _steps(shown) == steps
    if shown["state"] in ("passed", "delivered"):  # which of them, by when one looks
        await csc.until(message["id"], "delivered")
    else:
        assert _steps(answer) == _steps(answer["message"]) == steps


async def test_a_dry_run_offers_the_same_ways_on(school: Office) -> None:
    inline = {name: value for name, value in a_concern(CSC).items() if name != "recipients"}
    tried = [
        await school.call("POST", path, body)
        for path, body in (
            ("/v1/requests/check", a_request(CSC)),
            ("/v1/requests/check", a_request(CSC, concern=inline, power="CA04_S11")),
            ("/v1/concerns/check", a_concern(CSC, facts=[])),
        )
    ]
    bare, told, concern = [answer.json() for answer in tried]

    assert [one["outcome"] for one in (bare, told, concern)] == ["refused", "passed", "flagged"]
    assert [_steps(one) for one in (bare, told, concern)] == [[TELL, EMERGENCY], [], []]


async def test_whoever_asks_first_in_an_emergency_already_is_not_sent_there(school: Office) -> None:
    lent = a_request(CSC, urgency="EMERGENCY", purpose="EMERGENCY_SAFETY", power="COMMON_LAW")

    tried = await school.call("POST", "/v1/requests/check", lent)  # its line is too wide for one

    assert (tried.json()["outcome"], _steps(tried.json())) == ("refused", [TELL])
