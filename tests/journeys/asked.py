"""A question by the school's people, up to the point where it can be answered."""

from __future__ import annotations

from candour_protocol.ids import AgencyId, StatementHash

from tests.gateway.partnership import GP, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.hostile import Surgery
from tests.journeys.town import Town


async def asked(town: Town, surgery: Surgery, holder: AgencyId = GP) -> StatementHash:
    """A request by the school's people to a holder, which passed; the surgery has said that it has both."""
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(holder))).json()
    concern = sent["messages"][0]["id"]
    reply = (await town.post(SCHOOL, "/v1/requests", a_request_for(holder, concern))).json()
    request = reply["messages"][-1]["id"]
    hashes = [StatementHash((await town.message(SCHOOL, each))["hash"]) for each in (concern, request)]
    assert (await town.message(SCHOOL, request))["verdict"]["outcome"] == "passed"
    if holder == GP:
        for name in hashes:
            assert await surgery.judge(surgery.delivery(name, SCHOOL).signed()) == ("passed", ())
    return hashes[1]
