"""An agency without a node: it speaks to the queue itself, with candour-protocol and nothing else.

    python agency.py --partner partner.json listen              take the post, and send what is to be sent
    python agency.py --partner partner.json tell concern.json   tell a concern; prints its id
    python agency.py --partner partner.json ask request.json    ask, on the strength of concerns told before
    python agency.py --partner partner.json relay ID relay.json  pass on a concern that came
    python agency.py --partner partner.json answer ID answer.json
    python agency.py --partner partner.json say KIND ID step.json
    python agency.py --partner partner.json show [ID]

``listen`` runs all the time; the others only write into the book beside it, so they work while the queue is
away. ``README.md`` says what the files hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from candour_protocol.errors import CandourError
from candour_protocol.kinds import Kind

from book import Book, Message
from covering import Switchboard
from directory import Directory
from letters import Secretary
from office import now, read_office
from steps import STEPS
from writing import Desk, Letter

OVERDUE = {True: 120_000, False: 900_000}  # milliseconds, urgent and ordinary: then ring the recipient


class Agency:
    """Its keys, its book, and whom it knows."""

    def __init__(self, partner: Path, file: Path | None) -> None:
        self.office = read_office(partner)
        self.book = Book(file or partner.with_name("book.db"))
        self.directory = Directory(self.office, self.book)
        self.desk = Desk(self.office, self.book, self.directory)
        self.secretary = Secretary(self.office, self.book, self.directory)
        self.switchboard = Switchboard(self.office, self.directory)

    def listen(self) -> None:
        """Until SIGTERM or Ctrl-C."""
        # the queue's and the gateway's clients take their time to load, and no other command needs them
        from listening import Listener  # noqa: PLC0415

        asyncio.run(Listener(self.office, self.book, self.directory).listen())

    def tell_about(self, message: Message) -> dict[str, Any]:
        """A message as it stands; and when it is overdue, the number to ring."""
        age = int(now().timestamp() * 1000) - message.kept_at
        settled = message.opened is not None or message.verdict in ("refused", "held")
        overdue = message.awaits_delivery and not settled and age > OVERDUE[message.urgent]
        told: dict[str, Any] = {
            "id": message.jti,
            "hash": message.hash,
            "thread": message.txn,
            "kind": message.kind.value,
            "direction": "out" if message.own else "in",
            "about": message.about,
            "party": message.party,
            "verdict": message.verdict,
            "log_index": message.log_index,
            "violations": [{"rule": rule, "pointer": at} for rule, at in message.violations],
            "opened": message.opened,
            "overdue": overdue,
            "phone": self.directory.phone(message.party, message.inbox),
        }
        return told | {"codes": message.codes, "content": message.content, "receipt": message.receipt}


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0: done, 1: refused here, with the reason."""
    given = _parser().parse_args(arguments)
    try:
        agency = Agency(given.partner, given.book)
        with closing(agency.book):
            return _run(agency, given)
    except CandourError as error:
        print(f"{error.code}: {error.detail} {error.pointer}".rstrip(), file=sys.stderr)
    except (OSError, KeyError, json.JSONDecodeError) as error:
        print(f"a file is missing, is no JSON or lacks a member: {error}", file=sys.stderr)
    return 1


def _run(agency: Agency, given: argparse.Namespace) -> int:
    if given.command == "listen":
        agency.listen()
    elif given.command == "show":
        _show(agency, given.id)
    else:
        print(_state(agency, given))
    return 0


def _state(agency: Agency, given: argparse.Namespace) -> str:
    """Write a statement into the book; its id. The same ``--once`` gives the same id and nothing new."""
    body = json.loads(given.file.read_text())
    with agency.book.writing():
        said = agency.book.by_key(given.once) if given.once else None
        if said is None:
            letter = _letter(agency, given, body)
            said = agency.desk.write(letter, given.once)
            if given.command == "tell":
                _copy(agency, letter)
    return said.jti


def _copy(agency: Agency, told: Letter) -> None:
    """What cannot wait for a closed inbox goes to its cover too; its author hears so beside the id."""
    cover, note = agency.switchboard.look(told)
    if cover is not None:
        copy = agency.desk.write(agency.secretary.copy(told, cover))
        note = f"{note}. {cover} looks while it is, and gets a copy: {copy.jti}"
    if note is not None:
        print(note, file=sys.stderr)


def _letter(agency: Agency, given: argparse.Namespace, body: dict[str, Any]) -> Letter:
    if given.command == "tell":
        return agency.secretary.tell(body)
    if given.command == "ask":
        return agency.secretary.ask(body)
    about = agency.book.by_jti(given.id)
    if about is None:
        raise SystemExit(f"nothing of the id {given.id} is in the book")
    if given.command == "relay":
        return agency.secretary.relay(about, body)
    return agency.secretary.say(Kind(given.kind), about, body)


def _show(agency: Agency, jti: str | None) -> None:
    if jti is None:
        for message in agency.book.everything():
            told = agency.tell_about(message)
            brief = ("id", "kind", "direction", "party", "verdict", "opened", "overdue")
            print(json.dumps({name: told[name] for name in brief}))
    elif (found := agency.book.by_jti(jti)) is not None:
        print(json.dumps(agency.tell_about(found), indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="An agency without a node.")
    parser.add_argument("--partner", type=Path, required=True, help="partner.json")
    parser.add_argument("--book", type=Path, help="the SQLite file; book.db beside partner.json if not given")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("listen", help="take the post, and send what is to be sent")
    commands.add_parser("show", help="everything, or one statement").add_argument("id", nargs="?")
    for name in ("tell", "ask", "relay", "answer", "say"):
        command = commands.add_parser(name)
        if name == "say":
            command.add_argument("kind", choices=[kind.value for kind in STEPS])
        if name in ("relay", "answer", "say"):
            command.add_argument("id")
        command.add_argument("file", type=Path, help="JSON")
        command.add_argument("--once", help="your own key: repeated, the command says nothing twice")
    commands.choices["answer"].set_defaults(kind=Kind.ANSWER.value)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
