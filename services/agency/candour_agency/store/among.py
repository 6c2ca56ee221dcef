"""A column among many values, which go to the database as one: the same SQL, however many they are.

SQLAlchemy's own ``in_`` writes a place for each value. A batch looks for a thousand names, another number of
them each time, so that every batch would be a new statement: written here, read and planned there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Many(TypeDecorator[Sequence[Any]]):
    """An array; SQLite has none, and reads JSON."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(self.kind))


class _Among(FunctionElement[bool]):
    """Has no type: of a truth value SQLite would be asked whether it is 1, and look into no index for it."""

    inherit_cache = True


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column's value is one of the list that is given as the parameter ``name``."""
    return _Among(column, bindparam(name, type_=_Many(column.type)))


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, names = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} = ANY ({names})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, names = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({names}))"  # noqa: S608 - what SQLAlchemy has rendered
