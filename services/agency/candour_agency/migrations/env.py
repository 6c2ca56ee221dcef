"""alembic's entry: the connection, and its transaction, are the caller's."""

from __future__ import annotations

from alembic import context

from candour_agency.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
