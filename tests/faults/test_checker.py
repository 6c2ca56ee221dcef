"""The accounting can fail: each promise that is broken in a sound run is found under its name."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.keys import SigningKey
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Signer

from tests.faults.books import Books, Logged
from tests.faults.checker import account
from tests.faults.ledger import Accepted, Attempted, Line, Seen, Shown

ORIGIN = "candour.example/test"
A, B, C = "testborough-hill", "testborough-csc", "testshire-police"


@dataclass
class Run:
    """A ledger and books that agree: a concern from A to B that arrived, a bare request that came back."""

    signer: Signer
    lines: list[Line]
    books: Books


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(ORIGIN, SigningKey.generate())


@pytest.fixture
def sound(signer: Signer) -> Run:
    log = [
        Logged("concern", "hash-concern", "concern", A, B, None, True),
        Logged("delivery", "hash-delivery", "delivery", B, A, "hash-concern", True),
        Logged("request", "hash-request", "request", A, B, None, False),
    ]
    books = Books(
        log=log,
        roots=_roots(len(log)),
        inboxes={A: Counter(), B: Counter({"concern": 1}), C: Counter()},
        states={"concern": "delivered", "request": "refused"},
        proven={"concern": "hash-concern", "request": "hash-request"},
    )
    lines: list[Line] = [
        Attempted("told-1", A, "/v1/concerns"),
        Accepted("told-1", "concern", "concern", A, B, True),
        Seen(B, "concern", "concern", A),
        Attempted("bare-1", A, "/v1/requests"),
        Accepted("bare-1", "request", "request", A, B, False),
        _shown(signer, 2, books.roots[2]),
    ]
    return Run(signer, lines, books)


def _roots(size: int) -> list[bytes]:
    tree, roots = Frontier(), []
    roots.append(tree.root())
    for number in range(size):
        tree.append(leaf_hash(b"entry %d" % number))
        roots.append(tree.root())
    return roots


def _shown(signer: Signer, size: int, root: bytes) -> Shown:
    return Shown(sign_checkpoint(Checkpoint(ORIGIN, size, root), signer))


def test_a_sound_run_has_nothing_but_zeros(sound: Run) -> None:
    found = account(sound.lines, sound.books, sound.signer.verifier)

    assert found.faults == {}
    assert found.calls == 2


def _never_answered(run: Run) -> None:
    run.lines.append(Attempted("told-2", A, "/v1/concerns"))


def _answered_otherwise(run: Run) -> None:
    run.lines.append(Accepted("told-1", "another", "concern", A, B, True))


def _gone_from_the_worklist(run: Run) -> None:
    run.books.inboxes[B].clear()


def _twice_in_the_worklist(run: Run) -> None:
    run.books.inboxes[B]["concern"] = 2


def _twice_in_the_log(run: Run) -> None:
    run.books.log.append(run.books.log[0])


def _confirmed_twice(run: Run) -> None:
    run.books.log.append(replace(run.books.log[1], jti="delivery-2"))


def _shown_twice(run: Run) -> None:
    run.lines.append(Seen(B, "concern", "concern", A))


def _at_somebody_else(run: Run) -> None:
    run.books.inboxes[C]["concern"] = 1


def _returned_and_there(run: Run) -> None:
    run.books.inboxes[B]["request"] = 1


def _said_by_nobody(run: Run) -> None:
    run.books.log.append(Logged("other", "hash-other", "concern", A, B, None, True))


def _not_in_the_log(run: Run) -> None:
    del run.books.log[0]


def _there_and_not_in_the_log(run: Run) -> None:
    run.books.inboxes[B]["other"] = 1


def _returned_wrongly(run: Run) -> None:
    run.books.log[0] = replace(run.books.log[0], passed=False)


def _passed_wrongly(run: Run) -> None:
    run.books.log[2] = replace(run.books.log[2], passed=True)


def _logged_for_somebody_else(run: Run) -> None:
    run.books.log[0] = replace(run.books.log[0], recipient=C)


def _never_confirmed(run: Run) -> None:
    del run.books.log[1]


def _without_a_receipt(run: Run) -> None:
    del run.books.proven["concern"]


def _with_another_ones_receipt(run: Run) -> None:
    run.books.proven["concern"] = "hash-request"


def _a_checkpoint_of_another_tree(run: Run) -> None:
    run.lines.append(_shown(run.signer, 2, bytes(32)))


def _a_checkpoint_beyond_the_log(run: Run) -> None:
    run.lines.append(_shown(run.signer, 9, bytes(32)))


def _a_checkpoint_of_another_key(run: Run) -> None:
    run.lines.append(_shown(Signer(ORIGIN, SigningKey.generate()), 2, run.books.roots[2]))


def _judged_otherwise(run: Run) -> None:
    run.books.differences = 1


ALTERATIONS: list[tuple[Callable[[Run], None], str]] = [
    (_never_answered, "unanswered"),
    (_answered_otherwise, "contradicted"),
    (_gone_from_the_worklist, "lost"),
    (_twice_in_the_worklist, "doubled"),
    (_twice_in_the_log, "doubled"),
    (_confirmed_twice, "doubled"),
    (_shown_twice, "doubled"),
    (_at_somebody_else, "leaked"),
    (_returned_and_there, "leaked"),
    (_said_by_nobody, "unexpected"),
    (_not_in_the_log, "unlogged"),
    (_there_and_not_in_the_log, "unlogged"),
    (_returned_wrongly, "misjudged"),
    (_passed_wrongly, "misjudged"),
    (_logged_for_somebody_else, "misjudged"),
    (_never_confirmed, "unconfirmed"),
    (_without_a_receipt, "unproven"),
    (_with_another_ones_receipt, "unproven"),
    (_a_checkpoint_of_another_tree, "forked"),
    (_a_checkpoint_beyond_the_log, "forked"),
    (_a_checkpoint_of_another_key, "forked"),
    (_judged_otherwise, "rejudged"),
]


@pytest.mark.parametrize(("alter", "promise"), ALTERATIONS, ids=[each.__name__ for each, _ in ALTERATIONS])
def test_a_broken_promise_is_found(sound: Run, alter: Callable[[Run], None], promise: str) -> None:
    before = copy.deepcopy((sound.lines, sound.books))
    alter(sound)

    found = account(sound.lines, sound.books, sound.signer.verifier)

    assert (sound.lines, sound.books) != before
    assert promise in found.faults
