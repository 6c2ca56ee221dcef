"""Directories as gateways have them, made without a database."""

from __future__ import annotations

from candour_gateway.directory import Directory
from candour_protocol.ids import sha256_text
from candour_protocol.registry import Registry
from candour_protocol.statement import parse

from tests.gateway.partnership import NET, START, Partnership


def directory_of(partnership: Partnership) -> Directory:
    """Of a partnership whose files are written: everybody in it, admitted at the start."""
    facts = partnership.founding()
    documents = {sha256_text(raw): raw for _, raw in facts if raw is not None}
    directory = Directory(Registry(partnership.registrar.public, NET), documents)
    for index, (jwt, _) in enumerate(facts):
        directory.apply(parse(jwt), index, START)
    return directory
