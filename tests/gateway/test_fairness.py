"""An agency that floods the exchange waits in its own line: before admission, and urgent statements last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from candour_gateway.doorkeeper import Doorkeeper
from candour_gateway.fairness import (
    ANSWERING,
    LEAST_WAITING,
    MOST_WAITING,
    ROOM,
    Fairness,
    Later,
    LetGo,
    Now,
    Turn,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy_tables import Rates
from candour_protocol.transport.port import Ack, Delivery, Retry, Settlement
from candour_protocol.transport.topology import GATEWAY_QUEUES, submit_key

from tests.gateway.partnership import CSC, GP, SCHOOL
from tests.gateway.world import World

RATES = Rates(urgent_per_minute=600, ordinary_per_minute=1200)  # 10 and 20 a second
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


def submission(name: str, sender: str = SCHOOL, kind: str = "concern", *, urgent: bool = False) -> Delivery:
    queue = GATEWAY_QUEUES[0] if urgent else GATEWAY_QUEUES[1]
    return Delivery(queue, submit_key(sender, kind, urgent), sender, name.encode(), 1, AT)


def kind_of(delivery: Delivery) -> Kind:
    return Kind(delivery.routing_key.split(".")[1])


@dataclass
class Line:
    """A clock, and the turns that it gives."""

    now: float = 1000.0
    fairness: Fairness = field(default_factory=lambda: Fairness(RATES))

    def turn(self, delivery: Delivery) -> Turn:
        return self.fairness.turn(delivery, self.now, kind_of(delivery))

    def flood(self, count: int, **what: str | bool) -> list[Turn]:
        """So many different statements at this moment."""
        return [self.turn(submission(f"{what} {number}", **what)) for number in range(count)]  # type: ignore[arg-type]


@pytest.fixture
def line() -> Line:
    return Line()


def waits(turns: Sequence[Turn]) -> list[float]:
    return [turn.after.total_seconds() if isinstance(turn, Later) else 0 for turn in turns]


def test_a_fifth_of_a_second_of_statements_passes_at_once_and_the_rest_at_the_pace(line: Line) -> None:
    assert waits(line.flood(8)) == [0, 0, 0, 0, 0, 0.05, 0.1, 0.15]


def test_workers_share_the_pace(line: Line) -> None:
    line.fairness = Fairness(RATES, workers=2)

    assert waits(line.flood(5)) == [0, 0, 0, 0.1, 0.2]


def test_nobody_waits_for_anybody_else(line: Line) -> None:
    line.flood(1000)

    assert line.turn(submission("one", CSC)) == Now()


def test_urgent_statements_wait_last_of_all(line: Line) -> None:
    ordinary, urgent = line.flood(500), line.flood(3, urgent=True)

    assert waits(ordinary)[-1] > 20
    assert urgent == [Now()] * 3


def test_urgent_statements_use_the_ordinary_pace_before_they_wait(line: Line) -> None:
    assert line.flood(9, urgent=True).count(Now()) == 3 + 5


def test_a_concern_waits_however_long_beside_a_thousand_others(line: Line) -> None:
    turns = line.flood(1005)

    assert not any(isinstance(turn, LetGo) for turn in turns)
    assert waits(turns)[-1] == 1000 / 20
    assert line.turn(submission("one more")) == LetGo()


def test_however_many_agencies_flood_what_waits_has_room_in_the_hands_of_one_consumer(line: Line) -> None:
    for number in range(20):
        line.flood(MOST_WAITING + 5, sender=f"flooder-{number}")

    waiting = [line.fairness.waiting(f"flooder-{number}", line.now) for number in range(20)]

    full = ROOM // MOST_WAITING
    assert waiting == [MOST_WAITING] * full + [LEAST_WAITING] * (20 - full)
    assert waits(line.flood(7, sender=CSC)) == [0, 0, 0, 0, 0, 0.05, 0.1]


def test_there_is_room_again_once_others_had_their_turns(line: Line) -> None:
    for number in range(20):
        line.flood(MOST_WAITING + 5, sender=f"flooder-{number}")
    line.now += 120

    turns = line.flood(200, sender="flooder-19")

    assert not any(isinstance(turn, LetGo) for turn in turns)


def test_what_is_no_concern_is_let_go_when_its_turn_is_too_far_away(line: Line) -> None:
    turns = line.flood(1000, kind="request")

    assert turns[-1] == LetGo()
    assert max(waits(turns)) <= 30
    line.now += 31
    assert line.turn(submission("later", kind="request")) == Now()


def test_an_agency_that_many_tell_may_answer_all_of_them(line: Line) -> None:
    answers = line.flood(4 * ANSWERING, kind="delivery")  # a fifth of a second's

    assert answers == [Now()] * 4 * ANSWERING
    assert line.turn(submission("own")) == Now()


def test_a_statement_is_counted_once_and_has_its_turn_when_it_comes_again(line: Line) -> None:
    line.flood(5)
    first, second = submission("first"), submission("second")

    assert waits([line.turn(first), line.turn(second)]) == [0.05, 0.1]
    assert waits([line.turn(first), line.turn(first)]) == [0.05, 0.05]
    line.now += 0.05
    assert line.turn(first) == Now()
    assert line.turn(second) == Later(timedelta(seconds=0.05))
    assert line.fairness.waiting(SCHOOL, line.now) == 1


def test_what_had_its_turn_and_could_not_be_admitted_has_one_when_it_comes_again(line: Line) -> None:
    line.flood(100)
    failed = submission("failed")

    line.fairness.keep(failed, line.now)

    assert line.turn(failed) == Now()


def test_what_never_comes_again_is_forgotten(line: Line) -> None:
    line.flood(10)

    line.now += 120

    assert line.fairness.waiting(SCHOOL, line.now) == 0


@dataclass
class Door:
    """A doorkeeper of a running gateway, with a narrow pace and a clock of the test's own."""

    world: World
    now: float = 1000.0
    admitted: list[Delivery] = field(default_factory=list)
    broken: bool = False
    looked_at: int = 0

    def __post_init__(self) -> None:
        door = self.world.gateway._door
        self.keeper = Doorkeeper(
            Fairness(RATES),
            self,
            self.admit,
            door._admission,
            door._database,
            door._publisher,
            door._metrics,
            self.world.clock,
            lambda: self.now,
        )

    async def kinds(self, deliveries: Sequence[Delivery]) -> Sequence[Kind | None]:
        self.looked_at += len(deliveries)
        return [None if each.body.startswith(b"junk") else kind_of(each) for each in deliveries]

    def forget(self, deliveries: Sequence[Delivery]) -> None:
        pass

    async def admit(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        if self.broken:
            raise ConnectionError
        self.admitted += deliveries
        return [Ack() for _ in deliveries]


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    return Door(world)  # type: ignore[return-value]


async def test_others_are_admitted_out_of_the_same_batch_and_the_flood_stays_with_the_courier(
    door: Door,
) -> None:
    flood = [submission(f"{number}") for number in range(50)]

    settlements = await door.keeper.handle([*flood, submission("one", CSC)])

    assert settlements[-1] == Ack()
    assert sum(isinstance(each, Retry) for each in settlements) == 45
    assert len(door.admitted) == 6


async def test_sender_and_operator_see_who_is_held_back(door: Door) -> None:
    await door.keeper.handle([submission(f"{number}") for number in range(50)])
    door.now += 1
    await door.keeper.handle([submission(f"again {number}") for number in range(50)])

    own = (await door.world.get("/v1/incidents", SCHOOL)).json()["items"]
    other = (await door.world.get("/v1/incidents", CSC)).json()["items"]
    metrics = (await door.world.get("/metrics")).text

    assert [each["code"] for each in own] == ["rate"]
    assert other == []
    assert f'candour_rate_waiting{{agency="{SCHOOL}"}}' in metrics


async def test_who_has_to_send_again_is_told_of_which_bytes(door: Door) -> None:
    flood = [submission(f"{number}", kind="request") for number in range(1000)]

    settlements = await door.keeper.handle(flood)

    let_go = [each for each, settlement in zip(flood, settlements, strict=True) if settlement == Ack()][5:]
    assert len(let_go) == len(door.world.problems(SCHOOL)) > 0
    assert {each.problem for each in door.world.problems(SCHOOL)} == {"rate"}


async def test_a_log_that_cannot_be_written_costs_nobody_their_turn(door: Door) -> None:
    batch = [submission(f"{number}") for number in range(5)]
    door.broken = True
    with pytest.raises(ConnectionError):
        await door.keeper.handle(batch)

    door.broken = False
    settlements = await door.keeper.handle(batch)

    assert settlements == [Ack()] * 5


async def test_what_does_not_authenticate_is_parked_at_once_and_costs_its_sender_a_turn(door: Door) -> None:
    junk = [submission(f"junk {number}", urgent=True) for number in range(2000)]

    settlements = await door.keeper.handle(junk)
    after = await door.keeper.handle([submission("own"), submission("other", CSC)])

    assert settlements == [Ack()] * 2000  # the intake's, which parks them
    assert len(door.admitted) == 2000 + 1
    assert isinstance(after[0], Retry)
    assert timedelta(seconds=29) < after[0].after < timedelta(seconds=31)
    assert after[1] == Ack()


async def test_what_waits_is_looked_at_once(door: Door) -> None:
    flood = [submission(f"{number}") for number in range(50)]

    await door.keeper.handle(flood)
    await door.keeper.handle(flood[5:])

    assert door.looked_at == 50


async def test_an_agency_that_floods_with_concerns_leaves_room_for_others_and_is_told(door: Door) -> None:
    settlements = await door.keeper.handle([submission(f"{number}") for number in range(1500)])

    assert sum(isinstance(each, Retry) for each in settlements) == MOST_WAITING
    assert {each.problem for each in door.world.problems(SCHOOL)} == {"rate"}
    assert len(door.world.problems(SCHOOL)) == 1500 - MOST_WAITING - 5


async def test_a_concern_that_was_let_go_passes_when_it_is_submitted_again(door: Door) -> None:
    await door.keeper.handle([submission(f"{number}") for number in range(1500)])
    again = submission("1499")

    door.now += 120
    (settlement,) = await door.keeper.handle([again])

    assert settlement == Ack()
    assert again in door.admitted


async def test_the_pace_goes_by_what_is_signed_and_not_by_the_routing_key(world: World) -> None:
    concern = world.partnership.concern()
    key = submit_key(GP, Kind.DELIVERY, urgent=False)

    (kind, junk, foreign) = await world.gateway._door._threshold.kinds(
        [
            Delivery(GATEWAY_QUEUES[1], key, GP, concern.raw, 1, AT),
            Delivery(GATEWAY_QUEUES[1], key, GP, b"{}", 1, AT),
            Delivery(GATEWAY_QUEUES[1], submit_key(CSC, Kind.CONCERN, urgent=False), CSC, concern.raw, 1, AT),
        ]
    )

    assert (kind, junk, foreign) == (Kind.CONCERN, None, None)
