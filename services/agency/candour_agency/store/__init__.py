"""SQL stands here and nowhere else; each module is about one thing that is kept."""

from sqlalchemy import Connection

from candour_agency.store import (
    clients,
    forgotten,
    idempotency,
    imprints,
    joins,
    messages,
    outbox,
    patterns,
    registry,
    reports,
)

__all__ = [
    "Connection",
    "clients",
    "forgotten",
    "idempotency",
    "imprints",
    "joins",
    "messages",
    "outbox",
    "patterns",
    "registry",
    "reports",
]
