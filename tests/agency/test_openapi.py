"""The OpenAPI document: complete, valid, and true about problems."""

from __future__ import annotations

import json

from tests.agency.partnership import Office


async def test_every_call_is_described_with_its_body_and_its_problems(school: Office) -> None:
    document = (await school.http.get("/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    telling = document["paths"]["/v1/concerns"]["post"]
    assert telling["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/ConcernBody")
    assert {"400", "401", "403", "413", "422"} <= set(telling["responses"])
    assert "Idempotency-Key" in json.dumps(telling["parameters"])


async def test_every_reference_leads_somewhere(school: Office) -> None:
    document = (await school.http.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]

    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert named <= set(schemas)
    assert "itemSchema" not in text


async def test_trace_context_comes_back(school: Office) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    answer = await school.http.get("/livez", headers={"traceparent": parent})

    assert answer.headers["traceparent"] == parent
    assert answer.headers["cache-control"] == "no-store"
