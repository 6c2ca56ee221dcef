"""What this agency's own records say about what somebody is about to send, or reads: prompts, never rules.

The same words told about another child (R02), and a number that was given with another name and birth date
(R13). Nobody else could run these, so they are attested nowhere, and refuse, hold and delay nothing. A prompt
names a message that its reader may see, and neither a child nor a word of it. In the caller's transaction.
Source: protocol sections 3.1 and 4, domain R02 and R13.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Final

from candour_protocol import rules
from candour_protocol.children import keyed_tokens, same_child, tokens_in
from candour_protocol.ids import ChildToken, Jti, StatementHash, smallest_uuid7
from candour_protocol.kinds import ConcernContent, Fact, Kind, Person
from candour_protocol.rules import Matter
from candour_protocol.words import words
from sqlalchemy import Connection

from candour_agency import imprints, kinship, recognising, store, strategy
from candour_agency.calls import Call, Composition
from candour_agency.drafts.concerns import Child
from candour_agency.imprints import Imprint
from candour_agency.matters import MATTERS, opened
from candour_agency.messages import Message
from candour_agency.moments import text

MOST: Final = 4  # messages that are opened for one text or number, the newest
MOST_TOLD: Final = 16  # the same for one number, where what others told of it is looked for

_SAME_WORDS: Final = (
    "The same words were told about another child on {day}, in message {id}. If they are true of both "
    "children, name each in the other's `household`, or tell both in one call. If they were pasted by "
    "mistake, correct the message that is wrong."
)
SAME_NUMBER: Final = (
    "A number of this child came with another surname and another birth date on {day}, in message {id}. "
    "Check whether they are twins, whether a number is mistyped, or whether the child was adopted; {mend}."
)
_CORRECT: Final = "correct the message that is wrong"
_BEFORE_ANSWERING: Final = (
    "until you are sure, answer `IDENTITY_UNCERTAIN`, which gives nothing of another child away"
)
_ASK_ITS_SENDER: Final = "if it may be another child, ask its sender before you act on it"


@dataclass(frozen=True, slots=True)
class Said:
    """What a call says of one child, in whose first message.

    Attributes:
        facts: in the agency's own words; none of a request.
    """

    jti: Jti
    child: Child
    facts: Sequence[Fact] = ()
    household: Sequence[Person] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to think of before going on with a message, and the other one that gives reason for it."""

    step: str
    said: str
    other: Message


_Alike = Mapping[bytes, Sequence[Message]]
_Told = Callable[[str], Collection[Collection[ChildToken]]]  # by thread


def look_back(connection: Connection, call: Call, composition: Composition, said: Sequence[Said]) -> None:
    """Prompt whoever sends this, and keep by what to know it again."""
    found = [(one, _texts(call, one), _numbers(call, one.child.subject)) for one in said]
    for one, texts, numbers in found:
        composition.pen.imprint(one.jti, (*texts, *numbers))
    sought = [each for _, texts, _ in found for each in texts]
    known = _alike(connection, call, sought, [each for *_, numbers in found for each in numbers])
    told = cache(partial(_told_of, connection, call))  # twenty children may have the same few messages
    prompts = [
        prompt
        for one, texts, numbers in found
        for prompt in (
            *_same_words(connection, call, composition.txn, one, _among(known, texts), told),
            *_same_number(one.child.subject, _among(known, numbers), _CORRECT),
        )
    ]
    composition.notices += dict.fromkeys(prompts)


def look_back_from_reply(
    connection: Connection, call: Call, composition: Composition, about: Message, facts: Sequence[Fact]
) -> None:
    """The same for what is added to a matter, in the one message that was just written of it."""
    matter = opened(about) if about.kind in MATTERS else None
    if matter is None or not facts:
        return
    child = Child(matter.subject, tokens_in(about.codes))
    said = Said(composition.parts[0].written.jti, child, facts, _household(matter))
    texts = _texts(call, said)
    composition.pen.imprint(said.jti, texts)
    known = _among(_alike(connection, call, texts, ()), texts)
    told = cache(partial(_told_of, connection, call))
    composition.notices += _same_words(connection, call, composition.txn, said, known, told)


def on_reading(
    connection: Connection, call: Call, messages: Iterable[Message]
) -> Mapping[StatementHash, Sequence[Prompt]]:
    """By the hash of each received one what else that is here says about it."""
    came = [one for one in messages if one.received and one.kind in MATTERS]
    read = [(one, matter.subject) for one in came if (matter := opened(one)) is not None]
    asked = [(one, subject, _numbers(call, subject)) for one, subject in read]
    known = _alike(connection, call, (), [each for *_, numbers in asked for each in numbers])
    told = _told_of_late(connection, call, [each for *_, numbers in asked for each in numbers])
    return {
        one.hash: [
            *_whose_it_is(one, subject, _among(known, numbers)),
            *_who_told_too(one, subject, _among(told, numbers)),
        ]
        for one, subject, numbers in asked
    }


def said_of_child(connection: Connection, call: Call, concern: Message) -> list[Message]:
    """What is here of its thread, and what was told of its child elsewhere, if this caller may see it."""
    thread = [one for one in store.messages.thread(connection, concern.txn) if call.may_see(one)]
    matter = opened(concern) if call.reads else None
    if matter is None:
        return thread
    numbers = _numbers(call, matter.subject)
    elsewhere = _among(_told_of_late(connection, call, numbers), numbers)
    return [*thread, *(one for one in elsewhere if _confusable(matter.subject, [one]) is None)]


def _whose_it_is(message: Message, subject: Person, alike: Sequence[Message]) -> Iterator[Prompt]:
    other = _confusable(subject, alike)
    if other is not None:
        mend = _BEFORE_ANSWERING if message.kind is Kind.REQUEST else _ASK_ITS_SENDER
        yield Prompt("check-identity", _prompt(SAME_NUMBER, other, mend), other)


def _told_of_late(connection: Connection, call: Call, numbers: Sequence[Imprint]) -> _Alike:
    """By number, what was told under it, where this agency would call others together."""
    if not strategy.calls_others(call.office.directory):
        return {}
    return _seen(connection, call, store.imprints.of_numbers(connection, numbers, _since(call)), MOST_TOLD)


def _who_told_too(message: Message, subject: Person, known: Sequence[Message]) -> Iterator[Prompt]:
    same = [one for one in known if _confusable(subject, [one]) is None]
    other = strategy.another_told(message, same)
    if other is not None:
        yield Prompt("strategy-discussion", _prompt(strategy.PROMPT, other), other)


def _texts(call: Call, said: Said) -> list[Imprint]:
    floor = call.office.directory.policy.words.fact
    return imprints.of_facts(call.office.keys.actor, said.facts, said.child.tokens, floor)


def _numbers(call: Call, subject: Person) -> list[Imprint]:
    return imprints.of_numbers(call.office.keys.actor, subject)


def _alike(
    connection: Connection, call: Call, texts: Sequence[Imprint], numbers: Sequence[Imprint]
) -> _Alike:
    """By digest, those messages that this caller may see, and that still say it; the newest first.

    Whoever may not read messages is told of none: they could try whether a number is known here.
    """
    if not call.reads:
        return {}
    return _seen(connection, call, store.imprints.alike(connection, texts, numbers, _since(call)), MOST)


def _since(call: Call) -> str:
    """The smallest id of what is still looked back on."""
    days = timedelta(days=call.office.directory.policy.words.repeated_days)
    return smallest_uuid7(call.now - days)


def _seen(connection: Connection, call: Call, found: Iterable[tuple[bytes, Jti]], most: int) -> _Alike:
    """By digest, the newest of these that this caller may see, and that still say it."""
    by_digest: dict[bytes, list[Jti]] = {}
    for digest, jti in found:
        by_digest.setdefault(digest, []).append(jti)
    newest = {digest: jtis[:most] for digest, jtis in by_digest.items()}
    known = store.messages.known(connection, {jti for jtis in newest.values() for jti in jtis})
    seen = {jti: one for jti, one in known.items() if call.may_see(one) and _stands(one)}
    return {digest: [seen[jti] for jti in jtis if jti in seen] for digest, jtis in newest.items()}


def _stands(message: Message) -> bool:
    """Whether it was neither returned nor taken back."""
    return message.verdict != "refused" and message.withdrawn_at is None and message.erased_at is None


def _among(known: _Alike, wanted: Sequence[Imprint]) -> list[Message]:
    return [message for one in wanted for message in known.get(one.digest, ())]


def _prompt(prompt: str, message: Message, mend: str = "") -> str:
    return prompt.format(day=(text(message.made_at) or "")[:10], id=message.jti, mend=mend)


# -- a number -------------------------------------------------------------------------------------------


def _same_number(subject: Person, known: Sequence[Message], mend: str) -> Iterator[str]:
    other = _confusable(subject, known)
    if other is not None:
        yield _prompt(SAME_NUMBER, other, mend)


def _confusable(subject: Person, known: Sequence[Message]) -> Message | None:
    for message in known:
        matter = opened(message)
        if matter is not None and imprints.are_confusable(subject, matter.subject):
            return message
    return None


# -- words ----------------------------------------------------------------------------------------------


def _same_words(
    connection: Connection, call: Call, txn: str, said: Said, known: Sequence[Message], told: _Told
) -> Iterator[str]:
    """Of the newest message in which they were told of somebody else's child, and not of both."""
    for message in known:
        about = _matter_of(connection, message)
        matter = opened(about) if about is not None else None
        if about is None or matter is None or message.txn == txn:
            continue
        other = Child(matter.subject, tokens_in(about.codes))
        if _is_another(said.child, other) and not _belong_together(
            connection, call, said, other, about, matter, told
        ):
            yield _prompt(_SAME_WORDS, message)
            return


def _matter_of(connection: Connection, message: Message) -> Message | None:
    """Itself, or what a reply adds to."""
    if message.kind is not Kind.REPLY or message.about is None:
        return message
    return store.messages.by_hash(connection, [message.about]).get(message.about)


def _is_another(child: Child, other: Child) -> bool:
    """Whether they are surely two; not where one may have been named in part, or with the surname first."""
    if rules.plainly_another(child.subject, other.subject):
        return not same_child(child.tokens, other.tokens)
    left, right = (set(words(one.subject.name or "")) for one in (child, other))
    return recognising.is_another(child, other) and not (left <= right or right <= left)


def _belong_together(
    connection: Connection,
    call: Call,
    said: Said,
    other: Child,
    message: Message,
    matter: Matter,
    told: _Told,
) -> bool:
    """Whether a person has said so: by a household, by telling of both in one thread, or by a link."""
    child = said.child
    return (
        _is_among(call, other, said.household)
        or _is_among(call, child, _household(matter))
        or any(same_child(child.tokens, each) for each in told(message.txn))
        or kinship.is_one_child(connection, child.tokens, message)
    )


def _household(matter: Matter) -> Sequence[Person]:
    return matter.content.household or () if isinstance(matter.content, ConcernContent) else ()


def _is_among(call: Call, child: Child, household: Sequence[Person]) -> bool:
    keys = call.office.keys.partnership
    people = (Child(person, tuple(keyed_tokens(person, keys))) for person in household)
    return any(recognising.is_child(person, child) for person in people)


def _told_of(connection: Connection, call: Call, txn: str) -> set[tuple[ChildToken, ...]]:
    """The children of whom concerns were told in a thread, as far as this caller may see them."""
    told = (one for one in store.messages.thread(connection, txn) if one.kind is Kind.CONCERN)
    return {tuple(tokens_in(one.codes)) for one in told if call.may_see(one)}
