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

from tests.faults.books import Books, Logged, Standing
from tests.faults.checker import account
from tests.faults.ledger import Accepted, Attempted, Ended, Fate, Foreseen, Line, Seen, Shown

ORIGIN = "candour.example/test"
A, B, C = "testborough-hill", "testborough-csc", "testshire-police"


@dataclass
class Run:
    """A ledger and books that agree.

    A concern from A to B that arrived, of which C had notice; a bare request that came back; a held one,
    which an approval let through.
    """

    signer: Signer
    lines: list[Line]
    books: Books


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(ORIGIN, SigningKey.generate())


@pytest.fixture
def sound(signer: Signer) -> Run:
    log = [
        Logged("concern", "hash-concern", "concern", A, B, None, "passed"),
        Logged("delivery", "hash-delivery", "delivery", B, A, "hash-concern", "passed"),
        Logged("request", "hash-request", "request", A, B, None, "refused"),
        Logged("notice", "hash-notice", "notice", "gateway", C, "hash-concern", "passed"),
        Logged("told", "hash-told", "delivery", C, "gateway", "hash-notice", "passed"),
        Logged("held", "hash-held", "request", A, B, None, "held"),
        Logged("approval", "hash-approval", "approval", A, B, "hash-held", "passed"),
    ]
    books = Books(
        log=log,
        roots=_roots(len(log)),
        inboxes={A: Counter(), B: Counter({"concern": 1, "held": 1}), C: Counter({"notice": 1})},
        standings={(A, "concern"): Standing("decided"), (B, "concern"): Standing("decided")},
        notices={"notice": "lodged"},
        proven={name: f"hash-{name}" for name in ("concern", "request", "held", "approval")},
    )
    lines: list[Line] = [
        Attempted("told-1", A, "/v1/concerns"),
        Accepted("told-1", "concern", "concern", A, B, Fate.PASSES),
        Seen(B, "concern", "concern", A),
        Attempted("bare-1", A, "/v1/requests"),
        Accepted("bare-1", "request", "request", A, B, Fate.RETURNED),
        Foreseen("notice", "gateway", C, "concern", "lodged"),
        Ended("concern", "decided", "decision"),
        Attempted("held-1", A, "/v1/requests"),
        Accepted("held-1", "held", "request", A, B, Fate.RELEASED),
        Attempted("held-2", A, "/v1/requests/held/approval"),
        Accepted("held-2", "approval", "approval", A, B, Fate.RIDES),
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
    assert found.calls == 4
    assert found.kinds == {"concern", "request", "approval"}


def _never_answered(run: Run) -> None:
    run.lines.append(Attempted("told-2", A, "/v1/concerns"))


def _answered_otherwise(run: Run) -> None:
    run.lines.append(Accepted("told-1", "another", "concern", A, B, Fate.PASSES))


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
    run.books.log.append(Logged("other", "hash-other", "concern", A, B, None, "passed"))


def _not_in_the_log(run: Run) -> None:
    del run.books.log[0]


def _there_and_not_in_the_log(run: Run) -> None:
    run.books.inboxes[B]["other"] = 1


def _returned_wrongly(run: Run) -> None:
    run.books.log[0] = replace(run.books.log[0], verdict="refused")


def _passed_wrongly(run: Run) -> None:
    run.books.log[2] = replace(run.books.log[2], verdict="passed")


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


def _never_noticed(run: Run) -> None:
    run.books.log[3] = replace(run.books.log[3], recipient=B)


def _noticed_of_something_else(run: Run) -> None:
    run.books.notices["notice"] = "released"


def _noticed_twice(run: Run) -> None:
    _notice_again(run, "hash-concern")


def _noticed_without_cause(run: Run) -> None:
    _notice_again(run, "hash-request")


def _notice_again(run: Run, about: str) -> None:
    run.books.log.append(replace(run.books.log[3], jti="notice-2", hash="hash-notice-2", irt=about))
    run.books.notices["notice-2"] = "lodged"
    run.books.inboxes[C]["notice-2"] = 1


def _a_notice_at_somebody_else(run: Run) -> None:
    run.books.inboxes[B]["notice"] = 1


def _a_notice_that_nobody_has(run: Run) -> None:
    del run.books.inboxes[C]["notice"]


def _a_notice_never_confirmed(run: Run) -> None:
    del run.books.log[4]


def _a_copy_never_corrected(run: Run) -> None:
    run.lines.append(Foreseen("correction", B, C, "concern"))


def _a_copy_corrected_and_not_there(run: Run) -> None:
    _a_copy_never_corrected(run)
    run.books.log.append(Logged("chased", "hash-chased", "correction", B, C, "hash-concern", "passed"))


def _corrected_by_nobody(run: Run) -> None:
    run.books.log.append(Logged("chased", "hash-chased", "correction", B, C, "hash-concern", "passed"))


def _stands_otherwise_at_its_recipient(run: Run) -> None:
    run.books.standings[B, "concern"] = Standing("delivered")


def _stands_nowhere(run: Run) -> None:
    del run.books.standings[A, "concern"]


def _still_owed(run: Run) -> None:
    run.books.standings[A, "concern"] = Standing("decided", frozenset({"decision"}))


def _held_and_never_released(run: Run) -> None:
    del run.books.inboxes[B]["held"]


def _passed_without_a_second_person(run: Run) -> None:
    run.books.log[5] = replace(run.books.log[5], verdict="passed")


def _held_and_there_all_the_same(run: Run) -> None:
    place = next(at for at, line in enumerate(run.lines) if _is_held(line))
    run.lines[place] = Accepted("held-1", "held", "request", A, B, Fate.WAITS)


def _an_approval_with_a_line_of_its_own(run: Run) -> None:
    run.books.inboxes[B]["approval"] = 1


def _is_held(line: Line) -> bool:
    return isinstance(line, Accepted) and line.message == "held"


def _judged_otherwise(run: Run) -> None:
    run.books.differences = ["entry 3"]


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
    (_never_noticed, "unsaid"),
    (_noticed_of_something_else, "unsaid"),
    (_noticed_of_something_else, "unexpected"),
    (_noticed_twice, "doubled"),
    (_noticed_without_cause, "unexpected"),
    (_a_notice_at_somebody_else, "leaked"),
    (_a_notice_that_nobody_has, "lost"),
    (_a_notice_never_confirmed, "unconfirmed"),
    (_a_copy_never_corrected, "unsaid"),
    (_a_copy_corrected_and_not_there, "lost"),
    (_corrected_by_nobody, "unexpected"),
    (_stands_otherwise_at_its_recipient, "misstated"),
    (_stands_nowhere, "misstated"),
    (_still_owed, "misstated"),
    (_held_and_never_released, "lost"),
    (_passed_without_a_second_person, "misjudged"),
    (_held_and_there_all_the_same, "leaked"),
    (_an_approval_with_a_line_of_its_own, "leaked"),
    (_judged_otherwise, "rejudged"),
]


@pytest.mark.parametrize(("alter", "promise"), ALTERATIONS, ids=[each.__name__ for each, _ in ALTERATIONS])
def test_a_broken_promise_is_found(sound: Run, alter: Callable[[Run], None], promise: str) -> None:
    before = copy.deepcopy((sound.lines, sound.books))
    alter(sound)

    found = account(sound.lines, sound.books, sound.signer.verifier)

    assert (sound.lines, sound.books) != before
    assert promise in found.faults
