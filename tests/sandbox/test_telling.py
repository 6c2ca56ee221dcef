"""What people read first: fits a page, needs no colour, names no child."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
import pytest
from candour_protocol.client import Calls
from candour_sandbox.desk import Desk, Returned
from candour_sandbox.samples import samples
from candour_sandbox.story import Story
from candour_sandbox.telling import THEME, Telling, terminal
from rich.console import Console

from tests.sandbox.personal import personal_texts

RETURNED = tuple(
    {
        "rule": rule,
        "title": "What the rule is about",
        "fix": "Another that says what to write instead, and may well take up more than a line of the page.",
        "pointer": "/lines/0/because",
    }
    for rule in ("R08", "R02", "R05", "R07", "R05")
)


NOWHERE = Calls("http://nowhere.example", httpx.AsyncClient())


class QuickDesk(Desk):
    """A desk where everything has happened as the samples expect by the time one asks."""

    async def tell(self, body: Mapping[str, Any], key: str) -> dict[str, str]:
        return {recipient: f"{key}:{recipient}" for recipient in body["recipients"]}

    async def ask(self, body: Mapping[str, Any], key: str) -> dict[str, str] | Returned:
        return Returned(key, RETURNED) if key == "story-r-05" else await self.tell(body, key)

    async def answer(self, request: str, body: Mapping[str, Any], key: str) -> str:
        return key

    async def acknowledge(self, message: str, body: Mapping[str, Any], key: str) -> str:
        return key

    async def arrival(self, message_id: str) -> None:
        return None

    async def until(self, message_id: str, done: object) -> dict[str, Any]:
        name = message_id.partition(":")[0].removeprefix("story-").upper()
        known = {call.id: (call.verdict, list(call.rules)) for call in samples().calls}
        outcome, rules = known.get(name, ("passed", []))
        return {"verdict": {"outcome": outcome, "rules": rules}, "obligations": []}

    async def receipt(self, message_id: str) -> str:
        return f"receipt of {message_id}"


async def _told() -> tuple[str, dict[str, str]]:
    page, kept = io.StringIO(), dict[str, str]()
    telling = Telling(Console(file=page, width=100, highlight=False, theme=THEME))
    desks = {agency: QuickDesk(agency, NOWHERE, token="") for agency in samples().kinds}
    telling.opening()
    await Story(desks, telling, kept.__setitem__, date(2026, 11, 23)).play()
    return page.getvalue(), kept


async def test_the_story_fits_a_page() -> None:
    page, _ = await _told()

    lines = page.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


async def test_people_read_words_and_no_wire_codes() -> None:
    page, _ = await _told()

    for code in ("refused", "flagged", "delivered", "DISCLOSED", "_"):
        assert code not in page
    assert "returned to you" in page
    assert "concern to follow" in page
    assert "\x1b" not in page


async def test_every_rule_of_a_return_is_told_once_in_order_with_its_fix() -> None:
    page, _ = await _told()

    places = [page.index(f"  {rule}  ") for rule in ("R02", "R05", "R07", "R08")]
    assert places == sorted(places)
    assert page.count("  R05  ") == 1


async def test_no_child_is_named() -> None:
    page, _ = await _told()

    assert [text for text in personal_texts() if text in page] == []


async def test_a_receipt_is_kept_for_everything_told_asked_and_answered() -> None:
    _, kept = await _told()

    names = "R-04 C-05 C-02 C-03 C-01 R-01 A-01 C-10 R-05 C-08 R-02 A-02"
    assert list(kept) == names.split()


@pytest.mark.parametrize("variable", ["NO_COLOR"])
def test_without_colour_there_is_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("FORCE_COLOR", "1")

    console = terminal()

    assert console.no_color
