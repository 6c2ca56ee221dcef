"""What people say, as it is to be signed: a ``Letter``.

What the protocol adds to the file that somebody wrote is added here: thread, pseudonym, child tokens, what
the rules found, and for a request the concerns that it rests on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from candour_protocol import adults, rules
from candour_protocol.children import RANDOM_BYTES, child_tokens, is_random, request_tokens, tokens_in
from candour_protocol.errors import MalformedError
from candour_protocol.ids import Address, ChildToken, Txn, new_uuid7, parse_address
from candour_protocol.kinds import (
    T1,
    ConcernContent,
    Kind,
    Person,
    RequestContent,
    parse_codes,
    parse_content,
)
from candour_protocol.matters import read_matter
from candour_protocol.relaying import passed_on, relay_codes
from candour_protocol.strict_json import JsonObject

from book import Book, Message
from directory import Directory
from office import Office, now
from steps import STEPS
from writing import URGENT, Letter


class Secretary:
    """Makes letters of what people wrote; it signs nothing and keeps nothing."""

    def __init__(self, office: Office, book: Book, directory: Directory) -> None:
        self._office = office
        self._book = book
        self._directory = directory

    # -- a concern ----------------------------------------------------------------------------------------

    def tell(self, given: Mapping[str, Any]) -> Letter:
        """A concern. It is never refused for what it says.

        Args:
            given: ``{"to", "staff_id", "codes", "content"}``; ``"thread"`` to go on in one; ``"pays_back"``,
                the id of an own emergency request that it follows; ``"countersigned_by"``, the staff id of a
                second person, where it is withheld from somebody.
        """
        to, paid = parse_address(given["to"]), self._paid(given.get("pays_back"))
        txn = paid.txn if paid else Txn(given.get("thread") or new_uuid7(now()))
        content = parse_content(Kind.CONCERN, given["content"], partial=True)
        codes: JsonObject = {"categories": [], "marks": [], **given["codes"]} | {
            "txn": txn,
            "actor": self._office.actor(txn, given.get("staff_id")),
            "child": self._child(content, paid),
            "inbox": to.inbox,
            "pays_back": paid.hash if paid else None,
        }
        codes["withheld"] = self._withheld(txn, codes.get("withheld"), given.get("countersigned_by"))
        return self._concern(to, txn, codes, content.model_dump(exclude_none=True))

    def copy(self, told: Letter, cover: Address) -> Letter:
        """The same concern for whoever covers; it pays nothing back, for the cover lent nothing."""
        codes = dict(told.codes) | {"inbox": cover.inbox, "pays_back": None}
        return self._concern(cover, told.txn, codes, told.content)

    def relay(self, about: Message, given: Mapping[str, Any]) -> Letter:
        """A concern of somebody else's, passed on with its author's own words and signature.

        Args:
            given: ``{"to", "staff_id", "content"?}``; the content says who passes it on.

        Raises:
            MalformedError: not a concern that came here and could be opened, or one too long to be passed on.
        """
        texts = self._book.disclosed(about.hash)
        if about.own or about.kind is not Kind.CONCERN or about.codes is None or not texts:
            raise MalformedError("about", "only a concern that came here, and could be opened, is passed on")
        to, actor = parse_address(given["to"]), self._office.actor(about.txn, given.get("staff_id"))
        codes = relay_codes(about.codes, about.hash, to.inbox, actor)
        original = {"statement": about.jwt, "disclosures": list(passed_on(about.codes, texts))}
        content = dict(given.get("content") or {}) | {"original": original}
        return self._concern(to, about.txn, codes, content)

    def _concern(self, to: Address, txn: Txn, codes: JsonObject, content: JsonObject) -> Letter:
        codes = _whole(Kind.CONCERN, codes)
        codes["checks"] = self._checks(Kind.CONCERN, codes, content, ())
        if codes["relays"] is None:
            codes |= self._adults(Kind.CONCERN, codes, content, ())
        return Letter(Kind.CONCERN, to, txn, codes["urgency"] in URGENT, codes, content)

    def _child(self, content: Any, paid: Message | None) -> list[ChildToken]:
        """One token for each identifier, and the one that its request has for a child without any."""
        assert isinstance(content, ConcernContent)  # noqa: S101 - narrows the type
        own = self._tokens(content.subject)
        kept = [token for token in tokens_in(paid.codes) if is_random(token)] if paid else []
        return sorted({*kept, *(() if kept and all(map(is_random, own)) else own)})

    def _withheld(self, txn: Txn, withheld: Any, second: str | None) -> JsonObject | None:
        if not isinstance(withheld, Mapping):
            return None
        members = dict.fromkeys(("from", "reason", "lodged_with", "review_on"))
        return {**members, **withheld, "second": self._office.actor(txn, second)}

    def _paid(self, jti: str | None) -> Message | None:
        """Raises MalformedError: no own request of this id."""
        found = self._book.by_jti(jti) if jti else None
        if jti and (found is None or not found.own or found.kind is not Kind.REQUEST):
            raise MalformedError("pays_back", "no request of this id was made here")
        return found

    # -- a request ----------------------------------------------------------------------------------------

    def ask(self, given: Mapping[str, Any]) -> Letter:
        """A request, which cites concerns that its holder was told. It leaves once their receipts are held.

        Args:
            given: ``{"to", "staff_id", "concerns": [ids], "countersigned_by"?, "codes", "content"}``.
        """
        to = parse_address(given["to"])
        cited = [self._found(jti) for jti in given.get("concerns", [])]
        txn = cited[0].txn if cited else Txn(new_uuid7(now()))
        content = parse_content(Kind.REQUEST, given["content"], partial=True)
        codes = self._request_codes(given, to, txn, content, cited)
        dumped = content.model_dump(exclude_none=True)
        told = [*cited, *(reply for one in cited for reply in self._book.added_to(one))]
        codes["checks"] = self._checks(Kind.REQUEST, codes, dumped, told)
        codes |= self._adults(Kind.REQUEST, codes, dumped, told)
        waits = tuple(one.hash for one in told if one.own)
        return Letter(Kind.REQUEST, to, txn, codes["urgency"] in URGENT, codes, dumped, waits=waits)

    def _request_codes(
        self,
        given: Mapping[str, Any],
        to: Address,
        txn: Txn,
        content: Any,
        cited: Sequence[Message],
    ) -> JsonObject:
        assert isinstance(content, RequestContent)  # noqa: S101 - narrows the type
        joined = request_tokens(self._tokens(content.subject), [tokens_in(one.codes) for one in cited])
        codes: JsonObject = dict(given["codes"]) | {
            "txn": txn,
            "actor": self._office.actor(txn, given.get("staff_id")),
            "countersigned": self._office.actor(txn, given.get("countersigned_by")),
            "child": list(joined),
            "concern_refs": [one.hash for one in cited],
            "inbox": to.inbox,
            "author_level": content.author.training_level if content.author else None,
            "still_current": rules.still_current(content, self._directory.policy),
        }
        return _whole(Kind.REQUEST, {"asked": [], **codes})

    def _found(self, jti: str) -> Message:
        found = self._book.by_jti(jti)
        if found is None or found.kind is not Kind.CONCERN:
            raise MalformedError("concern", "no concern of this id was told or heard here")
        return found

    # -- anything about a statement that is here ----------------------------------------------------------

    def say(self, kind: Kind, about: Message, given: Mapping[str, Any]) -> Letter:
        """A statement about another one; ``steps.py`` says what can be about what.

        Args:
            given: ``{"staff_id", "codes"?, "content"}``; ``"to"``, where it is for somebody else than the
                other party; ``"after"``, ids of own statements that must be in the log first; and of an
                answer ``"countersigned_by"``.

        Raises:
            MalformedError: ``about``; it cannot be said about this statement.
        """
        step, txn = STEPS[kind], about.txn
        step.check(kind, about)
        target = step.aim(self._book, about, given)
        content = dict(given.get("content") or {})
        actor = self._office.actor(txn, given.get("staff_id"))
        codes: JsonObject = {**(given.get("codes") or {}), **target.codes, "txn": txn, "actor": actor}
        if kind is Kind.ANSWER:
            codes["countersigned"] = self._office.actor(txn, given.get("countersigned_by"))
        codes = _whole(kind, codes)
        if kind is Kind.ANSWER:
            codes["checks"] = self._checks(kind, codes, content, ())
        to = parse_address(given["to"]) if given.get("to") else target.to
        waits = self._first(about, given.get("after", ()))
        return Letter(kind, to, txn, about.urgent, codes, content, target.hash, waits)

    def _first(self, about: Message, named: Sequence[str]) -> tuple[Any, ...]:
        """What must be in the log before this leaves."""
        found = [self._book.by_jti(jti) for jti in named]
        if any(one is None or not one.own for one in found):
            raise MalformedError("after", "no statement of this id was made here")
        return tuple(one.hash for one in (about, *found) if one is not None and one.own)

    # -- what every kind needs ----------------------------------------------------------------------------

    def _tokens(self, subject: Person | None) -> list[ChildToken]:
        fresh = secrets.token_bytes(RANDOM_BYTES)
        return list(child_tokens(subject or Person(), self._office.partnership, fresh))

    def _adults(
        self, kind: Kind, codes: JsonObject, content: JsonObject, told: Sequence[Message]
    ) -> JsonObject:
        """Tokens of the adults who are alleged to be a risk, where the partnership's policy wants them."""
        matters = [read_matter(one.kind, one.codes or {}, one.content or {}) for one in told]
        matter = read_matter(kind, codes, content)
        return adults.stated(matter, matters, self._directory.policy, self._office.partnership)

    def _checks(
        self, kind: Kind, codes: JsonObject, content: JsonObject, told: Sequence[Message]
    ) -> JsonObject:
        """What the rules found that only the author can run: attested, never hidden. The gateway judges."""
        matters = [read_matter(one.kind, one.codes or {}, one.content or {}) for one in told]
        matter, iat = read_matter(kind, codes, content), int(now().timestamp())
        return dict(rules.check_matter(matter, matters, iat, self._directory.policy).checks)


def _whole(kind: Kind, codes: JsonObject) -> JsonObject:
    """Every T1 field of the kind, absent ones null; the gateway judges what is missing, not this script."""
    parse_codes(kind, dict.fromkeys(T1[kind]) | codes)
    return dict.fromkeys(T1[kind]) | codes
