"""The audit of a whole log, ours or any other that C2SP tlog-tiles describes."""

from __future__ import annotations

from candour_protocol.audit.finding import AuditError, AuditFailure, AuditReport
from candour_protocol.audit.source import LogSource, Progress, Seen, SeenInMemory, read_checkpoint
from candour_protocol.audit.statements import StatementAudit, looks_like_ours
from candour_protocol.audit.tree import TreeAudit
from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.errors import ProofError
from candour_protocol.keys import VerifyKey
from candour_protocol.note import Verifier


def audit_log(
    source: LogSource,
    verifier: Verifier,
    registrar: VerifyKey | None = None,
    progress: Progress | None = None,
    *,
    origin: str | None = None,
    seen: Seen | None = None,
) -> AuditReport | AuditFailure:
    """Check a log from its first entry to its signed checkpoint, in one pass.

    A log whose entry 0 has the form of this protocol's is checked as such: every entry's form, time and id;
    with ``registrar`` also the chain of keys and every signature. With ``registrar`` no other log verifies.

    Args:
        progress: told after each bundle of 256 entries.
        origin: the checkpoint's first line; the name of the log's key if not given.
        seen: where statements met are remembered; in memory if not given.
    """
    try:
        checkpoint = _open(source, verifier, origin)
        tree = TreeAudit(source, checkpoint)
        statements = _go_through(
            tree,
            checkpoint,
            StatementAudit(registrar, seen or SeenInMemory()),
            registrar is not None,
            progress or _unheard,
        )
    except AuditError as error:
        return error.failure
    return AuditReport(checkpoint, tree.checked, statements.report() if statements else None)


def _unheard(done: int, total: int) -> None:
    """Progress that nobody listens to."""


def _open(source: LogSource, verifier: Verifier, origin: str | None) -> Checkpoint:
    try:
        return open_checkpoint(read_checkpoint(source), verifier, origin=origin)
    except AuditError:
        raise
    except ProofError as error:
        raise AuditError(error.detail, file="checkpoint") from None


def _go_through(
    tree: TreeAudit, checkpoint: Checkpoint, statements: StatementAudit, required: bool, progress: Progress
) -> StatementAudit | None:
    """Check all entries; None if they are not of this protocol and need not be."""
    done, ours = 0, required
    for entries in tree.bundles():
        ours = ours or (done == 0 and looks_like_ours(entries[0]))
        for index, raw in enumerate(entries if ours else (), start=done):
            statements.check(index, raw)
        done += len(entries)
        progress(done, checkpoint.size)
    return statements if ours else None
