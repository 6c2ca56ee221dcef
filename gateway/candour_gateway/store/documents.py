"""Profiles and policies by the SHA-256 of their bytes; every version for as long as the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from candour_protocol.ids import sha256_text
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.tables import documents

_KEEP = text(
    "INSERT INTO documents (sha256, kind, bytes) VALUES (:sha256, :kind, :bytes)"
    " ON CONFLICT (sha256) DO NOTHING"
)


class DocumentKind(StrEnum):
    """What a document is."""

    PROFILE = "profile"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes that a registry fact names."""

    kind: DocumentKind
    raw: bytes

    @property
    def sha256(self) -> str:
        """The name by which the fact has it."""
        return sha256_text(self.raw)


async def keep(connection: AsyncConnection, found: Iterable[Document]) -> None:
    """Keep documents; what is there stays."""
    rows = [{"sha256": each.sha256, "kind": each.kind.value, "bytes": each.raw} for each in found]
    if rows:
        await connection.execute(_KEEP, rows)


async def find(connection: AsyncConnection, sha256: str, kind: DocumentKind) -> bytes | None:
    """One document's bytes."""
    query = select(documents.c.bytes).where(documents.c.sha256 == sha256, documents.c.kind == kind.value)
    return await connection.scalar(query)


async def every(connection: AsyncConnection, kind: DocumentKind) -> dict[str, bytes]:
    """All of one kind, by SHA-256."""
    query = select(documents.c.sha256, documents.c.bytes).where(documents.c.kind == kind.value)
    return {row.sha256: row.bytes for row in await connection.execute(query)}
