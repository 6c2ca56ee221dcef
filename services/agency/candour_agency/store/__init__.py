"""SQL stands here and nowhere else; each module is about one thing that is kept."""

from sqlalchemy import Connection

from candour_agency.store import clients, idempotency, joins, messages, outbox, registry

__all__ = ["Connection", "clients", "idempotency", "joins", "messages", "outbox", "registry"]
