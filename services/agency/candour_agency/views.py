"""Messages as the REST interface shows them. Pure. Source: protocol section 10."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from candour_protocol import wording
from candour_protocol.ids import GATEWAY, GENERAL, Address, AgencyId, Jti, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject, JsonValue

from candour_agency import notices, obligations, outside, words
from candour_agency.calls import Composition
from candour_agency.instead import instead
from candour_agency.messages import Message
from candour_agency.moments import text, to_ms
from candour_agency.notices import Told
from candour_agency.office import Office
from candour_agency.progress import State, state, timeline
from candour_agency.prompting import Prompt
from candour_agency.store.messages import Listed


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a message: what it is about, and what was said about it.

    Attributes:
        prompts: what else that is here says about it.
        decided_by: of a challenge, who made what it is about in the end.
        outside: what says whom this agency told by other means, who are to hear of this too.
    """

    parent: Message | None = None
    said: Sequence[Message] = ()
    prompts: Sequence[Prompt] = ()
    decided_by: AgencyId | None = None
    outside: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """What a caller may see of a matter.

    Attributes:
        joined: threads that somebody has joined to it.
        deciders: of challenges, by their hash, who made what they are about in the end.
        prompts: of messages, by their hash, what else that is here says about them.
    """

    txn: str
    messages: Sequence[Message]
    joined: Sequence[str] = ()
    deciders: Mapping[StatementHash, AgencyId] = field(default_factory=dict)
    prompts: Mapping[StatementHash, Sequence[Prompt]] = field(default_factory=dict)

    def arounds(self) -> Iterator[tuple[Message, Around]]:
        """Every message, and what in here stands around it."""
        by_hash = {one.hash: one for one in self.messages}
        said = defaultdict[StatementHash, list[Message]](list)
        for one in self.messages:
            if one.about is not None:
                said[one.about].append(one)
        for one in self.messages:
            parent = by_hash.get(one.about) if one.about else None
            told = outside.told(one, parent, self.messages)
            prompts, decider = self.prompts.get(one.hash, ()), self.deciders.get(one.hash)
            yield one, Around(parent, said[one.hash], prompts, decider, told)


@dataclass(frozen=True, slots=True)
class Views:
    """``was_sent`` says whether the courier has taken a message."""

    office: Office
    was_sent: Callable[[Jti], bool]

    # -- what a call sent ------------------------------------------------------------------------------

    def accepted(self, composition: Composition, notices: Sequence[str]) -> JsonObject:
        """The answer to a call: its statements in the order in which they are sent."""
        sent: list[JsonValue] = [
            self._sent(part.written.jti, part.plan.kind, part.plan.to, State.QUEUED)
            for part in composition.parts
        ]
        body: JsonObject = {"thread": composition.txn, "messages": sent}
        known: list[JsonValue] = [*notices, *composition.notices]
        return body | {"notices": known} if known else body

    def _sent(self, jti: str, kind: Kind, to: Address, stands: State) -> JsonObject:
        contact = self.office.directory.contact(to)
        return {
            "id": jti,
            "kind": kind.value,
            "recipient": str(to),
            "state": stands.value,
            "phone": contact.phone,
            "phone_24h": contact.phone_24h,
            "links": {"self": f"/v1/messages/{jti}"},
        }

    def stands(self, message: Message) -> State:
        """Where a message stands."""
        return state(message, to_ms(self.office.clock()), sent=self.was_sent(message.jti))

    def reached(self, to: Address) -> JsonObject:
        """Whom a dry run would reach."""
        contact = self.office.directory.contact(to)
        return {
            "recipient": str(to),
            "name": contact.name,
            "inbox": to.inbox,
            "phone": contact.phone,
            "phone_24h": contact.phone_24h,
            "cover": contact.cover,
        }

    # -- one message -----------------------------------------------------------------------------------

    def message(
        self, message: Message, newest: Message | None = None, around: Around | None = None
    ) -> JsonObject:
        """A whole message. What was said again shows what became of ``newest``, under its own id."""
        shown = newest or message
        about = around or Around()
        stands, said = self.stands(shown), self._told(message)
        return {
            "id": message.jti,
            "thread": message.txn,
            "kind": message.kind.value,
            "direction": message.direction.value,
            "counterparty": message.counterparty,
            "inbox": message.inbox,
            "urgency": message.urgency or None,
            "security_classification": wording.SECURITY_CLASSIFICATION,
            "state": stands.value,
            "state_text": words.state_text(stands.value, shown),
            "verdict": self._verdict(shown),
            "log_index": shown.log_index,
            "opened": shown.opened,
            "opened_text": wording.OPENED.get(shown.opened or "", None),
            "obligations": list(self._obligations(shown, about.decided_by)),
            "timeline": list(self._timeline(shown, about.said)),
            "about": about.parent.jti if about.parent is not None else None,
            "erased_at": text(message.erased_at),
            "notice": said.code if said else None,
            "notice_text": said.text if said else None,
            "reminder": said.reminder if said else None,
            "hash": shown.hash,
            "reissued_as": message.reissued_as,
            "codes": message.codes,
            "content": message.content or {},
            "next_steps": [*_next_steps(message, about), *_ways_on(shown, stands)],
            "links": _links(message),
        }

    def _verdict(self, message: Message) -> JsonObject | None:
        if message.verdict is None:
            return None
        return {
            "outcome": message.verdict,
            "rules": list(message.rules),
            "text": words.verdict_text(message),
            "violations": list(words.violations_of(message)),
        }

    def _obligations(self, message: Message, decided_by: AgencyId | None) -> list[JsonObject]:
        now = to_ms(self.office.clock())
        own = self.office.agency
        found = obligations.obligations(message, own, self.office.directory, decided_by)
        return [self._obligation(message, one, now) for one in found]

    def _obligation(self, message: Message, one: obligations.Obligation, now: int) -> JsonObject:
        """An overdue one comes with the number to ring."""
        shown: JsonObject = {
            "kind": one.kind,
            "text": wording.OWED.get(one.kind, one.kind),
            "owed_by": one.owed_by,
            "owed_to": one.owed_to,
            "due_at": text(one.due_at),
            "settled_at": text(one.settled_at),
            "overdue": one.overdue(now),
        }
        if one.settled_at is None and one.overdue(now) and one.owed_by != self.office.agency:
            shown["phone"] = self.office.directory.contact(self._debtor(message, one.owed_by)).phone
        return shown

    def _debtor(self, message: Message, owed_by: AgencyId) -> Address:
        there = owed_by == message.counterparty and not message.received
        return Address(owed_by, message.inbox if there else GENERAL)

    def _timeline(self, message: Message, said: Sequence[Message]) -> list[JsonObject]:
        """What happened to a message, and what the gateway gave notice of, the earliest first."""
        happened: list[tuple[int, str, str]] = [
            (at, event, words.event_text(event)) for at, event in timeline(message)
        ]
        for one in said:
            told = self._told(one)
            if told is not None and told.is_news:
                happened.append((one.logged_at or one.made_at, told.code, told.text))
        happened.sort(key=lambda each: each[0])
        return [{"at": text(at), "event": event, "text": in_words} for at, event, in_words in happened]

    def _told(self, message: Message) -> Told | None:
        return notices.told(message, self.office.directory)

    # -- lists -----------------------------------------------------------------------------------------

    def item(self, listed: Listed) -> JsonObject:
        """A line of the worklist; nothing of what was written."""
        message = listed.message
        own = self.office.agency
        due = obligations.due_at(message, own, self.office.directory, listed.decided_by)
        stands, said = self.stands(message), self._told(message)
        return {
            "id": message.jti,
            "thread": message.txn,
            "kind": message.kind.value,
            "sender": message.counterparty,
            "inbox": message.inbox,
            "urgency": message.urgency or None,
            "due_at": text(due),
            "overdue": due is not None and due < to_ms(self.office.clock()),
            "state": stands.value,
            "about": listed.about,
            "notice": said.code if said else None,
            "text": said.text if said else None,
            "reminder": said.reminder if said else None,
            "opened": message.opened,
            "received_at": text(message.made_at),
            "links": {"self": f"/v1/messages/{message.jti}"},
        }

    def thread(self, thread: Thread) -> JsonObject:
        """A whole matter; ``board`` has every line asked in it and what became of it."""
        arounds = [(one, around) for one, around in thread.arounds() if one.kind is not Kind.DELIVERY]
        shown = [one for one, _ in arounds]
        parties = sorted({one.counterparty for one in shown} - {GATEWAY} | {self.office.agency})
        return {
            "thread": thread.txn,
            "parties": list(parties),
            "messages": [self.message(one, around=around) for one, around in arounds],
            "joined": list(thread.joined),
            "board": [line for one in shown if one.kind is Kind.REQUEST for line in self._lines(one, shown)],
        }

    def _lines(self, request: Message, thread: Sequence[Message]) -> list[JsonObject]:
        """Every line of a request, where the request stands, and the outcome once an answer went through."""
        given = [one for one in thread if one.about == request.hash and one.kind is Kind.ANSWER]
        answers = [one for one in given if one.unlocks]
        rows = [row for one in answers for row in _rows(one.codes, "outcomes")]
        by_line = {str(row.get("line")): row for row in rows}  # of several the last counts
        about: JsonObject = {
            "request": request.jti,
            "holder": self.office.agency if request.received else request.counterparty,
            "state": self.stands(request).value,
        }
        return [about | _line(asked, by_line) for asked in _rows(request.codes, "asked")]


def _links(message: Message) -> JsonObject:
    own = f"/v1/messages/{message.jti}"
    links: JsonObject = {"self": own, "thread": f"/v1/threads/{message.txn}"}
    return links | {"receipt": f"{own}/receipt"} if message.receipt else links


def _next_steps(message: Message, about: Around) -> Iterator[JsonObject]:
    """What its reader may want to do about it."""
    for prompt in about.prompts:
        yield {"step": prompt.step, "text": prompt.said, "href": f"/v1/messages/{prompt.other.jti}"}
    for one in about.outside:
        yield {"step": "tell-outside", "text": words.TELL_OUTSIDE, "href": f"/v1/messages/{one.jti}"}
    unmet = (message.challenged_at, message.closed_at) == (None, None)
    if words.is_not_enough(message) and message.received and unmet:
        path = f"/v1/messages/{message.jti}/challenge"
        yield {"step": "challenge", "text": words.NOT_ENOUGH, "href": path}
    if message.received and words.is_of_the_wrong_child(message.kind, message.codes):
        yield {"step": "data-protection-officer", "text": words.WRONG_CHILD, "href": None}


def _ways_on(message: Message, stands: State) -> Iterator[JsonObject]:
    """What whoever asked can do in place of a request that came back."""
    if stands is State.REFUSED and message.kind is Kind.REQUEST and not message.received:
        yield from instead(message.codes, message.rules)


def _line(asked: JsonObject, outcomes: Mapping[str, JsonObject]) -> JsonObject:
    found = outcomes.get(str(asked.get("line")), {})
    return {**asked, "outcome": found.get("outcome"), "reason": found.get("reason")}


def _rows(codes: JsonObject | None, member: str) -> list[JsonObject]:
    rows = (codes or {}).get(member)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
