"""Registry facts and erasures as they are handed in: checked, logged, answered with their receipt.

The registrar has no queue to speak to. Source: protocol sections 2 and 6.
"""

from __future__ import annotations

from collections.abc import Callable

from candour_protocol import profiles
from candour_protocol.errors import MismatchError, RegistryError
from candour_protocol.ids import AgencyId, parse_address
from candour_protocol.kinds.lists import PLAIN, Kind
from candour_protocol.policy import load_policy
from candour_protocol.profiles import Profile
from candour_protocol.registry_facts import DocumentSet, Event, read_fact
from candour_protocol.statement import Body, Statement
from candour_protocol.transport.port import Transport

from candour_gateway.admission import Admission, Admitted
from candour_gateway.directory import Directory
from candour_gateway.screening import Unfit, authentic
from candour_gateway.store.documents import Document, DocumentKind
from candour_gateway.verdict import Submission

_NAMED = {Event.PROFILE: DocumentKind.PROFILE, Event.POLICY: DocumentKind.POLICY}


class FactDesk:
    """The use case behind ``POST /v1/registry`` and the ``admit`` command."""

    def __init__(self, admission: Admission, transport: Transport, after: Callable[[Admitted], None]) -> None:
        self._admission = admission
        self._transport = transport
        self._after = after

    async def submit(self, jwt: str, raw_document: bytes | None) -> str:
        """The receipt; handing in the same again gives a receipt for the same entry.

        An erasure's verdict stands in its receipt.

        Raises:
            CandourError: not well-formed, not authentic, not allowed, or its document does not fit.
        """
        await self._admission.catch_up(at_once=True)
        statement = authentic(jwt, self._admission.directory.registry)
        if statement.claims.kind not in PLAIN:
            raise RegistryError("fact", "not a registry statement or an erasure")
        document = self._document(statement, raw_document)
        submission = Submission(statement, Body(jwt, (), ""), None)
        admitted = await self._admission.admit([submission], [document] if document else [])
        result = admitted.results[0]
        if isinstance(result, Unfit):
            raise RegistryError(result.code, "the chain of keys does not allow this fact")
        await self._transport.declare(self._admission.directory.agencies)
        self._after(admitted)
        return admitted.receipts[0]

    def _document(self, statement: Statement, raw: bytes | None) -> Document | None:
        fact = read_fact(statement.claims.facts) if statement.claims.kind is Kind.REGISTRY else None
        if not isinstance(fact, DocumentSet):
            if raw is not None:
                raise MismatchError("document", "this names no document", pointer="/document")
            return None
        if raw is None:
            if self._admission.directory.knows(fact.digest):
                return None
            raise MismatchError(
                "document", "the document that the fact names is missing", pointer="/document"
            )
        document = Document(_NAMED[fact.event], raw)
        if document.sha256 != fact.digest:
            raise MismatchError("document", "not the document that the fact names", pointer="/document")
        _check(document, fact.agency, self._admission.directory)
        return document


def _check(document: Document, agency: AgencyId, directory: Directory) -> None:
    """What everybody will read must be readable; a profile is its own agency's, and its covers exist."""
    match document.kind:
        case DocumentKind.PROFILE:
            profile = profiles.parse(document.raw)
            if profile.id != agency:
                raise MismatchError("document", "the profile of another agency", pointer="/document")
            _check_covers(profile, directory)
        case DocumentKind.POLICY:
            load_policy(document.raw)


def _check_covers(profile: Profile, directory: Directory) -> None:
    """Whoever is to look while an inbox is closed can be reached: it is a member, and has that inbox."""
    for place, inbox in enumerate(profile.inboxes):
        if inbox.cover is None:
            continue
        cover, pointer = parse_address(inbox.cover), f"/document/inboxes/{place}/cover"
        if cover.agency != profile.id and not directory.is_member(cover.agency):
            detail = f"{inbox.name} is covered by {cover.agency}, which is no member: have it admitted first"
            raise MismatchError("cover", detail, pointer=pointer)
        theirs = profile if cover.agency == profile.id else directory.profile(cover.agency)
        if theirs is not None and theirs.inbox(cover.inbox) is None:
            detail = f"{inbox.name} is covered by {inbox.cover}, and {cover.agency} has no such inbox"
            raise MismatchError("cover", detail, pointer=pointer)
