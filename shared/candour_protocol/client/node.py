"""A thin client of an agency's node, for the systems that its staff work in. Source: protocol 8 and 10."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from candour_protocol.client.calls import Answer, Calls, ClientError, Params, read
from candour_protocol.client.credentials import Credentials

Body = Mapping[str, Any]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SentMessage(_Answer):
    """One message of a call; ``phone`` is the recipient's, to ring when it can't wait."""

    id: str
    kind: str
    recipient: str
    state: str
    phone: str | None = None


class Accepted(_Answer):
    """What a 202 promises: validated, and on disk together with everything that will send it."""

    thread: str
    messages: tuple[SentMessage, ...]


class Violation(_Answer):
    """One fault: the rule's plain statement, where in the body it lies (RFC 6901), and how to mend it.

    ``hint`` is the nearest code where one is unknown.
    """

    rule: str
    title: str = ""
    statement: str = ""
    fix: str = ""
    pointer: str = ""
    hint: str = ""


class Verdict(_Answer):
    """``outcome`` is ``passed``, ``flagged``, ``held`` or ``refused``; ``rules`` all that apply."""

    outcome: str
    rules: tuple[str, ...] = ()
    text: str = ""
    violations: tuple[Violation, ...] = ()


class Obligation(_Answer):
    """What somebody owes on a message: ``text`` says what; no ``due_at`` where nothing limits it."""

    kind: str
    text: str = ""
    owed_by: str = ""
    due_at: AwareDatetime | None = None
    settled_at: AwareDatetime | None = None


class MessageView(_Answer):
    """A message as either side sees it. ``verdict`` and ``log_index`` are there once the receipt is."""

    id: str
    thread: str
    kind: str
    direction: str
    counterparty: str
    state: str
    verdict: Verdict | None = None
    log_index: int | None = None
    obligations: tuple[Obligation, ...] = ()
    timeline: tuple[dict[str, Any], ...] = ()
    content: dict[str, Any] | None = None


class InboxItem(_Answer):
    """A line of the worklist."""

    id: str
    thread: str
    kind: str
    sender: str
    inbox: str
    state: str
    received_at: AwareDatetime
    urgency: str | None = None
    due_at: AwareDatetime | None = None


class InboxPage(_Answer):
    """A page of the worklist; ``after`` goes into the next call, ``None`` at the end."""

    items: tuple[InboxItem, ...]
    after: str | None = None


class _Links(_Answer):
    next: str | None = None


class _Inbox(_Answer):
    items: tuple[InboxItem, ...]
    links: _Links = _Links()


_ACCEPTED: Final = TypeAdapter(Accepted)
_MESSAGE: Final = TypeAdapter(MessageView)
_INBOX: Final = TypeAdapter(_Inbox)
_OBJECT: Final = TypeAdapter(dict[str, Any])


class NodeClient:
    """Calls one agency's node. Bodies are as in its OpenAPI document; bad ones come back as problems.

    A call that sends something carries an Idempotency-Key; give your own to repeat it safely after a
    time-out.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        http: httpx.AsyncClient | None = None,
        *,
        calls: Calls | None = None,
    ) -> None:
        self._calls = calls or Calls(base_url, http)
        self._credentials = credentials

    async def close(self) -> None:
        """Let the connections go."""
        await self._calls.close()

    async def post_concern(self, body: Body, *, key: str | None = None) -> Accepted:
        """Tell a concern: a message for each recipient and child."""
        return await self._post(_ACCEPTED, "/v1/concerns", body, key=key)

    async def post_request(
        self, body: Body, *, key: str | None = None, wait: timedelta = timedelta(0)
    ) -> Accepted:
        """Ask. With ``wait`` (whole seconds), a request that is returned to you by then is a ``ClientError``.

        Its status is 422, and its ``problem`` has every violation with its fix.
        """
        return await self._post(_ACCEPTED, "/v1/requests", body, key=key, wait=wait)

    async def check_concern(self, body: Body) -> dict[str, Any]:
        """What would happen; nothing is sent."""
        return await self._post(_OBJECT, "/v1/concerns/check", body)

    async def check_request(self, body: Body) -> dict[str, Any]:
        """What would happen; nothing is sent."""
        return await self._post(_OBJECT, "/v1/requests/check", body)

    async def get_message(self, message_id: str) -> MessageView:
        """State, verdict and timeline of a message that this agency sent or received."""
        return read(_MESSAGE, (await self._get(f"/v1/messages/{_segment(message_id)}")).content)

    async def get_receipt(self, message_id: str) -> str:
        """The receipt's text, which verifies alone."""
        return (await self._get(f"/v1/messages/{_segment(message_id)}/receipt")).text

    async def get_thread(self, thread: str) -> dict[str, Any]:
        """A whole matter."""
        return read(_OBJECT, (await self._get(f"/v1/threads/{_segment(thread)}")).content)

    async def inbox(
        self,
        after: str | None = None,
        *,
        limit: int | None = None,
        wait: timedelta = timedelta(0),
        inbox: str | None = None,
    ) -> InboxPage:
        """The worklist. With ``wait`` (whole seconds), an empty page comes only when that time is over."""
        params = {"after": after, "limit": limit, "wait": _whole(wait), "inbox": inbox}
        page = read(_INBOX, (await self._get("/v1/inbox", params, wait)).content)
        return InboxPage(items=page.items, after=_cursor(page.links.next))

    async def acknowledge(self, message_id: str, body: Body) -> dict[str, Any]:
        """A named person has it."""
        path = f"/v1/inbox/{_segment(message_id)}/acknowledgement"
        return await self._post(_OBJECT, path, body, method="PUT")

    async def decide(self, message_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Decide on a concern."""
        return await self._post(_OBJECT, f"/v1/concerns/{_segment(message_id)}/decision", body, key=key)

    async def answer(self, message_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Answer a request, line by line."""
        return await self._post(_OBJECT, f"/v1/requests/{_segment(message_id)}/answer", body, key=key)

    async def reply(self, thread: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Add to a thread."""
        return await self._post(_OBJECT, f"/v1/threads/{_segment(thread)}/replies", body, key=key)

    async def outcome(self, request_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Tell the holder what came of its answer."""
        return await self._post(_OBJECT, f"/v1/requests/{_segment(request_id)}/outcome", body, key=key)

    async def approve(self, request_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """A second person's word on an own request that is held."""
        return await self._post(_OBJECT, f"/v1/requests/{_segment(request_id)}/approval", body, key=key)

    # -- steps that take a matter off its straight way -------------------------------------------------

    async def withdraw(self, message_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Take back what your agency sent."""
        return await self._post(_OBJECT, f"/v1/messages/{_segment(message_id)}/withdrawal", body, key=key)

    async def correct(self, message_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Put right what your agency sent, with everybody who has it."""
        return await self._post(_OBJECT, f"/v1/messages/{_segment(message_id)}/correction", body, key=key)

    async def apply(self, correction_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Say that a correction stands in your records, or why it cannot."""
        return await self._post(_OBJECT, f"/v1/inbox/{_segment(correction_id)}/applied", body, key=key)

    async def challenge(self, message_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Ask for another decision by somebody else; or take a challenge one stage further."""
        return await self._post(_OBJECT, f"/v1/messages/{_segment(message_id)}/challenge", body, key=key)

    async def close_concern(self, concern_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """End a concern; everybody concerned is told."""
        return await self._post(_OBJECT, f"/v1/concerns/{_segment(concern_id)}/closure", body, key=key)

    async def close_request(self, request_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """End a request of your own."""
        return await self._post(_OBJECT, f"/v1/requests/{_segment(request_id)}/closure", body, key=key)

    async def transfer_concern(
        self, concern_id: str, body: Body, *, key: str | None = None
    ) -> dict[str, Any]:
        """Hand a received concern to another worker, inbox or agency."""
        return await self._post(_OBJECT, f"/v1/concerns/{_segment(concern_id)}/transfer", body, key=key)

    async def transfer_request(
        self, request_id: str, body: Body, *, key: str | None = None
    ) -> dict[str, Any]:
        """Hand a received request to a colleague, who says that they have it."""
        return await self._post(_OBJECT, f"/v1/requests/{_segment(request_id)}/transfer", body, key=key)

    async def tell_of(self, thread: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Say that somebody outside the exchange was told by other means."""
        return await self._post(_OBJECT, f"/v1/threads/{_segment(thread)}/told", body, key=key)

    async def link(self, thread: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """Say that other threads are about the same child, or undo that."""
        return await self._post(_OBJECT, f"/v1/threads/{_segment(thread)}/links", body, key=key)

    async def give_word(self, notice_id: str, body: Body, *, key: str | None = None) -> dict[str, Any]:
        """A lodgee's word that a request on what is lodged with it is justified."""
        return await self._post(_OBJECT, f"/v1/inbox/{_segment(notice_id)}/word", body, key=key)

    async def _get(
        self, path: str, params: Params | None = None, wait: timedelta = timedelta(0)
    ) -> httpx.Response:
        return await self._authorised(
            lambda token: self._calls.get(path, params=params, token=token, wait=wait)
        )

    async def _post(
        self,
        answer: TypeAdapter[Answer],
        path: str,
        body: Body,
        *,
        method: str = "POST",
        key: str | None = None,
        wait: timedelta = timedelta(0),
    ) -> Answer:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if seconds := _whole(wait):
            headers["Prefer"] = f"wait={seconds}"
        response = await self._authorised(
            lambda token: self._calls.send(
                method, path, json=dict(body), token=token, headers=headers, wait=wait
            )
        )
        return read(answer, response.content)

    async def _authorised(self, call: Callable[[str | None], Awaitable[httpx.Response]]) -> httpx.Response:
        """Call; and once more with a new token when the old one was the trouble.

        A call whose token is refused has no effect, so nothing is repeated.
        """
        token = await self._credentials.token(self._calls)
        try:
            return await call(token)
        except ClientError as error:
            if error.status != 401:
                raise
            renewed = await self._credentials.token(self._calls, refused=token)
            if renewed is None:
                raise
        return await call(renewed)


def _segment(text: str) -> str:
    return quote(text, safe="")


def _whole(wait: timedelta) -> int | None:
    return int(wait.total_seconds()) or None


def _cursor(link: str | None) -> str | None:
    """The opaque cursor of a next link, or of a bare cursor."""
    if not link:
        return None
    return parse_qs(urlsplit(link).query).get("after", [link])[0]
