"""An agency that tells too much at once is asked to come later; what is urgent keeps its share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import pytest
from candour_agency.api.turnstile import MAX_OUTSTANDING, Turnstile
from candour_agency.faults import CallError
from candour_agency.metrics import Metrics
from candour_protocol.policy_tables import Rates

from tests.agency.partnership import CSC, Office, a_concern

RATES = Rates(urgent_per_minute=240, ordinary_per_minute=480)  # 4 and 8 a second


@dataclass
class Entrance:
    """A turnstile with a clock and an outbox of the test's own."""

    now: float = 100.0
    outstanding: int = 0

    def __post_init__(self) -> None:
        self.turnstile = Turnstile(RATES, self, Metrics(), lambda: self.now)

    def enter(self, client: str = "mis", *, urgent: bool = False) -> int | None:
        """Seconds to stay away; `None`: let in."""
        try:
            self.turnstile.admit(client, urgent=urgent)
        except CallError as error:
            return int(error.members["retry_after"])
        return None

    def keep_calling(self, rate: int, seconds: int, client: str = "mis") -> int:
        """How many of so many calls a second are let in."""
        let_in = 0
        for _ in range(rate * seconds):
            self.now += 1 / rate
            let_in += self.enter(client) is None
        return let_in

    def crowd(self, calls: int, client: str = "mis", *, urgent: bool = False) -> int:
        """How many of so many calls at once are let in."""
        return [self.enter(client, urgent=urgent) for _ in range(calls)].count(None)


@pytest.fixture
def entrance() -> Entrance:
    return Entrance()


def test_no_more_are_let_in_at_once_than_come_in_three_seconds(entrance: Entrance) -> None:
    assert entrance.crowd(100) == 12  # of its agency's 24, for one program
    entrance.now += 60
    assert entrance.crowd(100) == 12


def test_a_first_call_is_let_in_however_long_the_machine_stands_still_meanwhile(entrance: Entrance) -> None:
    looks = count(entrance.now, 10)  # seconds between one look at the clock and the next
    turnstile = Turnstile(RATES, entrance, Metrics(), lambda: next(looks))

    for client in ("mis", "desktop"):
        turnstile.admit(client, urgent=False)


def test_who_is_held_back_is_told_when_to_come_again(entrance: Entrance) -> None:
    entrance.crowd(12)

    after = entrance.enter()
    assert after == 1
    entrance.now += after
    assert entrance.enter() is None


def test_a_crowd_that_stays_away_as_long_as_told_is_let_in_when_it_comes_again(entrance: Entrance) -> None:
    """Not all in the same second, and none of them twice; 12 at once and 4 a second."""
    begin = entrance.now
    told = sorted(after for after in (entrance.enter() for _ in range(120)) if after is not None)

    let_in = []
    for after in told:
        entrance.now = begin + after
        let_in.append(entrance.enter() is None)

    assert len(told) == 120 - 12
    assert told[-1] == (120 - 12) / 4
    assert all(let_in)


def test_nobody_is_told_to_stay_away_for_longer_than_half_a_minute(entrance: Entrance) -> None:
    assert max(after for after in (entrance.enter() for _ in range(1_000)) if after is not None) == 30


def test_what_is_urgent_comes_again_soon_however_much_of_it_is_turned_away(entrance: Entrance) -> None:
    """Among calls of one program that come on and on somebody may tell of a child in danger."""
    told = [after for after in (entrance.enter(urgent=True) for _ in range(1_000)) if after is not None]

    assert max(told) == 5


def test_one_program_leaves_room_for_the_others_of_its_agency(entrance: Entrance) -> None:
    entrance.crowd(100, "runaway")

    assert entrance.enter("mis") is None


@pytest.mark.parametrize("rate", [600, 6_000])
def test_a_program_that_calls_on_and_on_is_let_in_a_quarter_as_often(entrance: Entrance, rate: int) -> None:
    """To turn it away has its price; but a concern may be among its calls."""
    entrance.crowd(100)

    assert entrance.keep_calling(rate, seconds=60) == pytest.approx(60 * 4 / 4, rel=0.05)


def test_a_program_that_calls_a_little_too_often_is_hardly_let_in_less(entrance: Entrance) -> None:
    entrance.crowd(100)

    assert entrance.keep_calling(12, seconds=60) >= 0.97 * 60 * 4


def test_only_the_program_that_calls_on_and_on_pays_for_it(entrance: Entrance) -> None:
    for _ in range(60):
        entrance.keep_calling(600, seconds=1, client="runaway")
        assert entrance.enter("mis") is None
        assert entrance.enter("mis") is None
        assert entrance.enter(urgent=True) is None


@pytest.mark.parametrize("rate", [12, 600, 6_000])
def test_who_stays_away_as_long_as_told_is_let_in(entrance: Entrance, rate: int) -> None:
    entrance.crowd(100)
    entrance.keep_calling(rate, seconds=10)

    after = entrance.enter()
    assert after is not None
    entrance.now += after
    assert entrance.enter() is None


def test_a_flood_that_is_not_urgent_holds_nothing_urgent_back(entrance: Entrance) -> None:
    entrance.crowd(100)

    assert entrance.enter(urgent=True) is None


def test_much_that_is_urgent_uses_the_ordinary_rate_too(entrance: Entrance) -> None:
    assert entrance.crowd(100, urgent=True) == 6 + 12


def test_a_call_that_made_many_statements_pays_for_them(entrance: Entrance) -> None:
    entrance.turnstile.admit("mis", urgent=False).charge(30)

    assert entrance.enter() == 5  # 18 too many, and one to come, at 4 a second


def test_an_outbox_that_does_not_empty_takes_only_what_is_urgent(entrance: Entrance) -> None:
    entrance.outstanding = MAX_OUTSTANDING

    assert entrance.enter() == 30
    assert entrance.enter(urgent=True) is None
    entrance.outstanding = 2 * MAX_OUTSTANDING
    assert entrance.enter(urgent=True) == 30


async def test_a_node_answers_429_with_retry_after_and_still_takes_what_is_urgent(
    school: Office, csc: Office
) -> None:
    school.node.desk.turnstile.admit("tester", urgent=False).charge(100_000)

    refused = await school.call("POST", "/v1/concerns", a_concern(CSC, urgency="AMBER"))
    urgent = await school.call("POST", "/v1/concerns", a_concern(CSC, urgency="RED"))

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "too-many-calls"
    assert urgent.status_code == 202


@pytest.mark.parametrize("turned_away", [False, True])
async def test_a_call_counts_under_its_route_whether_or_not_it_is_let_in(
    school: Office, csc: Office, turned_away: bool
) -> None:
    if turned_away:
        school.node.desk.turnstile.admit("tester", urgent=False).charge(100_000)

    answer = await school.call("POST", "/v1/concerns", a_concern(CSC, urgency="AMBER"))

    metrics = (await school.http.get("/metrics")).text
    counted = f'candour_agency_calls_total{{route="/v1/concerns",status="{answer.status_code}"}} 1.0'
    assert answer.status_code == (429 if turned_away else 202)
    assert counted in metrics


async def test_a_body_in_pieces_is_weighed_as_a_whole(school: Office, csc: Office) -> None:
    school.node.desk.turnstile.admit("tester", urgent=False).charge(100_000)
    urgent = json.dumps(a_concern(CSC, urgency="RED")).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for byte in urgent:
            yield bytes([byte])

    answer = await school.http.post(
        "/v1/concerns", content=pieces(), headers={"Authorization": f"Bearer {school.token}"}
    )

    assert answer.status_code == 202


async def test_whoever_answers_does_not_wait_for_what_their_agency_tells(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    csc.node.desk.turnstile.admit("tester", urgent=False).charge(100_000)

    body = {"name": "Asha Brown", "role": "duty social worker", "questions": []}
    answer = await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", body)

    assert answer.status_code == 202
