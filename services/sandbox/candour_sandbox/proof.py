"""Proving the story afterwards, with nothing that a stranger has not: the log's key and the registrar's."""

from __future__ import annotations

import asyncio
from pathlib import Path

from candour_protocol import receipt
from candour_protocol.audit import AuditFailure, AuditReport, audit_log
from candour_protocol.cli.sources import open_source
from candour_protocol.keys import VerifyKey
from candour_protocol.note import Verifier

from candour_sandbox import durable

SUFFIX = ".tlog-proof"


class Receipts:
    """A folder of receipts; each is verified before it is kept."""

    def __init__(self, folder: Path, verifier: Verifier) -> None:
        self._folder = folder
        self._verifier = verifier

    def keep(self, name: str, text: str) -> None:
        """Keep one under ``name``.

        Raises:
            ProofError: it does not verify.
        """
        receipt.verify(text, self._verifier)
        self._folder.mkdir(exist_ok=True)
        durable.write(self._folder / f"{name}{SUFFIX}", text)


async def audit(url: str, token: str, verifier: Verifier, registrar: VerifyKey) -> AuditReport | AuditFailure:
    """Read the whole log over HTTP and check it, beside the loop that serves it."""

    def check() -> AuditReport | AuditFailure:
        with open_source(url, token) as source:
            return audit_log(source, verifier, registrar)

    return await asyncio.to_thread(check)
