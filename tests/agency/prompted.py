"""What a node's own history says to who tells, asks or reads: prompts, never rules."""

from __future__ import annotations

from typing import Any

from candour_agency.api.gate import INBOX_RESTRICTED, SCOPES
from candour_agency.tables import imprints
from sqlalchemy import func, select

from tests.agency.partnership import (
    Office,
    a_concern,
    a_subject,
)

BRYN = {"name": "Bryn Morrow", "birth_date": "2016-01-02", "nhs_number": "9990001022"}
BRYN_UNDER_ROWANS_NUMBER = BRYN | {"nhs_number": a_subject()["nhs_number"]}
OTHER_FACT = {"what": "Told me that nobody had been at home since Friday evening.", "when": "2026-11-22"}
ANOTHER_FACT = {"what": "Seen alone at the bus station again at half past nine.", "when": "2026-11-22"}
PLAIN = tuple(scope for scope in SCOPES if scope != INBOX_RESTRICTED)


def _about(prompts: list[str], words: str) -> list[str]:
    return [prompt for prompt in prompts if words in prompt]


def of_same_words(answer: dict[str, Any]) -> list[str]:
    return _about(answer.get("notices", []), "same words")


def of_same_number(answer: dict[str, Any]) -> list[str]:
    return _about(answer.get("notices", []), "number of this child")


async def tell(office: Office, **changes: Any) -> dict[str, Any]:
    return await office.post("/v1/concerns", a_concern(**changes))


async def try_out(office: Office, **changes: Any) -> dict[str, Any]:
    answer = await office.call("POST", "/v1/concerns/check", a_concern(**changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def reply(office: Office, jti: str, facts: list[dict[str, Any]]) -> dict[str, Any]:
    thread = (await office.message(jti))["thread"]
    return await office.post(f"/v1/threads/{thread}/replies", {"in_reply_to": jti, "facts": facts})


async def imprints_kept(office: Office) -> int:
    query = select(func.count()).select_from(imprints)
    found: int = await office.node.desk.database.read(
        lambda connection: connection.execute(query).scalar_one()
    )
    return found
