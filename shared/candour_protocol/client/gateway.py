"""A client of the gateway's REST interface, for nodes and partners. Source: protocol sections 6 and 8.

What it fetches proves nothing by itself: receipts, profiles and policies are checked by who uses them, and
only where a name is a digest is it checked here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter

from candour_protocol import base64url, strict_json, tokens
from candour_protocol.client.calls import Calls, ClientError, read
from candour_protocol.errors import MalformedError, ProofError
from candour_protocol.ids import GATEWAY, AgencyId, parse_hash, sha256_text
from candour_protocol.keys import SigningKey
from candour_protocol.strict_json import JsonObject

_TILE = re.compile(r"tile/[a-z0-9/.]{1,80}\Z")


@dataclass(frozen=True, slots=True)
class DeliveryItem:
    """A delivery fetched again. ``body`` is what the courier brings too, for ``wire.parse_inbound``."""

    index: int
    body: bytes


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EntryItem(_Answer):
    """A log entry that this agency may read: its index, and its receipt as text."""

    index: int
    receipt: str


class _Links(_Answer):
    next: str | None = None


class _Entries(_Answer):
    items: tuple[EntryItem, ...]


class _Delivery(_Answer):
    index: int
    body: dict[str, Any]


class _Deliveries(_Answer):
    items: tuple[_Delivery, ...]


class _Listing(_Answer):
    items: tuple[dict[str, Any], ...]
    links: _Links = _Links()


class _Receipt(_Answer):
    receipt: str


_ENTRIES: Final = TypeAdapter(_Entries)
_DELIVERIES: Final = TypeAdapter(_Deliveries)
_LISTING: Final = TypeAdapter(_Listing)
_RECEIPT: Final = TypeAdapter(_Receipt)


class GatewayClient:
    """Calls the gateway as one agency, with a fresh token of its client key each time.

    ``http`` is for sharing connections, and for tests; it stays the caller's to close.
    """

    def __init__(
        self,
        base_url: str,
        net: str,
        agency: AgencyId,
        client_key: SigningKey,
        clock: Callable[[], datetime],
        http: httpx.AsyncClient | None = None,
        *,
        calls: Calls | None = None,
    ) -> None:
        self._calls = calls or Calls(base_url, http)
        self._audience = tokens.audience_of(net, GATEWAY)
        self._agency = agency
        self._key = client_key
        self._clock = clock

    async def close(self) -> None:
        """Let the connections go."""
        await self._calls.close()

    async def entries(self, after: int | None = None, limit: int | None = None) -> tuple[EntryItem, ...]:
        """The next entries above index ``after`` that this agency may read, oldest first: its own, and every
        registry fact. ``None`` begins at the first; an empty answer means that there are no more yet."""
        answer = await self._own("/v1/entries", after=after, limit=limit)
        return read(_ENTRIES, answer.content).items

    async def every_entry(self, after: int | None = None, limit: int = 500) -> AsyncIterator[EntryItem]:
        """All entries above ``after``, ``limit`` with each call."""
        while page := await self.entries(after, limit):
            for item in page:
                yield item
            after = page[-1].index

    async def deliveries(
        self, after: int | None = None, limit: int | None = None
    ) -> tuple[DeliveryItem, ...]:
        """What was routed to this agency in entries above ``after`` and is still kept.

        For a node that was restored from a backup.
        """
        answer = await self._own("/v1/deliveries", after=after, limit=limit)
        items = read(_DELIVERIES, answer.content).items
        return tuple(DeliveryItem(item.index, _bytes(item.body)) for item in items)

    async def agencies(self) -> tuple[JsonObject, ...]:
        """The public directory: a hint. Keys are trusted by the registry chain only."""
        return await self._listing("/v1/agencies")

    async def protocol(self) -> JsonObject:
        """Rules, code lists, clocks, matrix and policy as the gateway publishes them."""
        answer = await self._calls.get("/v1/protocol")
        return read(TypeAdapter(dict[str, Any]), answer.content)

    async def profile(self, digest: str) -> bytes:
        """A profile's bytes by their SHA-256.

        Raises:
            ProofError: ``digest``; the gateway served other bytes.
        """
        return await self._document("/v1/profiles/", digest)

    async def policy(self, digest: str) -> bytes:
        """A policy's bytes by its id.

        Raises:
            ProofError: ``digest``; the gateway served other bytes.
        """
        return await self._document("/v1/policies/", digest)

    async def checkpoint(self) -> str:
        """The log's newest signed checkpoint, unchecked."""
        return (await self._calls.get("/log/checkpoint")).text

    async def tile(self, path: str) -> bytes:
        """A hash tile by its path below ``/log/``: ``tile/0/000``, ``tile/0/x001/234.p/5``."""
        if not _TILE.match(path) or ".." in path:
            raise ValueError("not the path of a tile")
        return (await self._calls.get(f"/log/{path}")).content

    async def submit_registry(self, jwt: str, document: bytes | None = None) -> str:
        """Hand in a registry fact, with the bytes of the document that it names; the receipt as text.

        It needs no token: the statement's signature says who speaks, and the first facts of an agency come
        before its client key is registered.
        """
        body: JsonObject = {"statement": jwt}
        if document is not None:
            body["document"] = base64url.encode(document)
        answer = await self._calls.send("POST", "/v1/registry", json=body)
        return read(_RECEIPT, answer.content).receipt

    async def _own(self, path: str, **params: int | None) -> httpx.Response:
        token = tokens.agency_token(self._key, self._agency, self._audience, self._clock())
        return await self._calls.get(path, params=params, token=token)

    async def _listing(self, path: str) -> tuple[JsonObject, ...]:
        """All pages. Only the query of ``links.next`` is used, so that it can lead nowhere else."""
        items: tuple[JsonObject, ...] = ()
        params: dict[str, str] = {}
        while True:
            page = read(_LISTING, (await self._calls.get(path, params=params)).content)
            items += page.items
            following = dict(parse_qsl(urlsplit(page.links.next or "").query))
            if not page.items or not following or following == params:
                return items
            params = following

    async def _document(self, folder: str, digest: str) -> bytes:
        raw = (await self._calls.get(folder + parse_hash(digest))).content
        if sha256_text(raw) != digest:
            raise ProofError("digest", "the gateway served other bytes than the log names")
        return raw


def _bytes(body: dict[str, Any]) -> bytes:
    """The members are strings that nothing here changes; only the JSON around them is written anew."""
    try:
        return strict_json.dumps(body).encode("ascii")
    except MalformedError:
        raise ClientError("answer", "the gateway answered in a shape that is not agreed") from None
