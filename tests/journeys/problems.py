"""What a refused call looks like."""

from __future__ import annotations

import httpx

NOBODY = "0198f0a0-0000-7000-8000-000000000001"  # an id that is never given


def assert_problem(answer: httpx.Response, *statuses: int) -> None:
    """A problem that says what is wrong and repeats nothing of what was sent."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert body["status"] == answer.status_code
    assert "Oldacre" not in answer.text
    assert "barefoot" not in answer.text
