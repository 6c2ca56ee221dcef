"""The log's entries: one way to write each, and nothing else can be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from candour_protocol.entry import VERDICTS, Entry, parse_entry
from candour_protocol.errors import MalformedError
from candour_protocol.ids import PolicyId
from hypothesis import given
from hypothesis import strategies as st

POLICY = PolicyId("A" * 43)
JWT = "aGVhZA.cGF5bG9hZA.c2lnbmF0dXJl"

_base64url = st.text("ABCXYZabcxyz0189-_", min_size=1, max_size=60)
_rules = st.sampled_from(["R01", "R02", "R05", "late", "clock", "not-a-party", "equivocation"])
entries = st.builds(
    Entry,
    t_ms=st.integers(0, (1 << 53) - 1),
    verdict=st.sampled_from(VERDICTS),
    rules=st.lists(_rules, unique=True, max_size=5).map(tuple),
    policy=st.text("ABCxyz019-_", min_size=43, max_size=43).map(PolicyId),
    jwt=st.tuples(_base64url, _base64url, _base64url).map(".".join),
)


def test_an_entry_is_written_as_the_protocol_shows_it() -> None:
    entry = Entry(1_700_000_000_123, "refused", ("R01", "R05"), POLICY, JWT)

    assert entry.to_bytes() == (
        b'{"v":1,"t":1700000000123,"d":"refused","r":["R01","R05"],"p":"' + b"A" * 43 + b'",'
        b'"s":"aGVhZA.cGF5bG9hZA.c2lnbmF0dXJl"}'
    )


@given(entries)
def test_an_entry_comes_back_as_it_was_written_and_any_json_reader_agrees(entry: Entry) -> None:
    raw = entry.to_bytes()

    assert parse_entry(raw) == entry
    assert parse_entry(raw).to_bytes() == raw
    assert json.loads(raw) == {
        "v": 1,
        "t": entry.t_ms,
        "d": entry.verdict,
        "r": list(entry.rules),
        "p": entry.policy,
        "s": entry.jwt,
    }


@given(entries, st.data())
def test_what_reads_after_a_change_is_written_back_the_same(entry: Entry, data: st.DataObject) -> None:
    raw = bytearray(entry.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    try:
        read = parse_entry(bytes(raw))
    except MalformedError:
        return

    assert read.to_bytes() == raw


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"v":1', '"v":2'),
        ('"v":1', '"v": 1'),
        ('"v":1,', ""),
        ('"t":17', '"t":017'),
        ('"t":17', '"t":-17'),
        ('"t":17', '"t":1.7'),
        ('"t":1700000000123', '"t":9999999999999999'),
        ('"d":"refused"', '"d":"REFUSED"'),
        ('"d":"refused"', '"d":"refused","d":"passed"'),
        ('["R01","R05"]', '["R01", "R05"]'),
        ('["R01","R05"]', '["R01","R01"]'),
        ('["R01","R05"]', '["R01",""]'),
        ('["R01","R05"]', '["R01",]'),
        ('["R01","R05"]', "[R01]"),
        ("A" * 43, "A" * 42),
        ("A" * 43, "A" * 42 + "="),
        (".c2ln", "..c2ln"),
        (".c2lnbmF0dXJl", ""),
        ("aGVhZA", "aGVhZA" * 800),
        ("}", "}\n"),
        ("}", "} "),
        ("{", "\ufeff{"),
        ("aGVhZA", "\u0661GVhZA"),
    ],
)
def test_any_other_spelling_of_an_entry_is_refused(old: str, new: str) -> None:
    text = Entry(1_700_000_000_123, "refused", ("R01", "R05"), POLICY, JWT).to_bytes().decode()
    assert old in text

    with pytest.raises(MalformedError):
        parse_entry(text.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "entry",
    [
        Entry(-1, "passed", (), POLICY, JWT),
        Entry(1 << 53, "passed", (), POLICY, JWT),
        Entry(1, "lost", (), POLICY, JWT),
        Entry(1, "passed", ("R01", "R01"), POLICY, JWT),
        Entry(1, "passed", ('R01","x',), POLICY, JWT),
        Entry(1, "passed", (), PolicyId(""), JWT),
        Entry(1, "passed", (), POLICY, JWT + "~disclosure~"),
        Entry(1, "passed", (), POLICY, f"a.{'b' * 4096}.c"),
    ],
)
def test_what_could_not_be_read_again_is_never_written(entry: Entry) -> None:
    with pytest.raises(MalformedError):
        entry.to_bytes()


def test_a_moment_is_cut_to_milliseconds_and_comes_back_in_utc() -> None:
    moment = datetime(2025, 3, 4, 5, 6, 7, 891_999, tzinfo=timezone(timedelta(hours=1)))

    entry = Entry.at(moment, "passed", (), POLICY, JWT)

    assert entry.moment == datetime(2025, 3, 4, 4, 6, 7, 891_000, tzinfo=UTC)
