"""Auditing whole logs: ours and others', sound ones and every damage to them."""

from __future__ import annotations

import tracemalloc

import pytest
from candour_protocol import registry_facts as facts
from candour_protocol.audit import AuditFailure, AuditReport, audit_log
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.entry import Entry, parse_entry
from candour_protocol.ids import GATEWAY, AgencyId, Jti, new_uuid7
from candour_protocol.merkle import EMPTY_ROOT
from candour_protocol.note import Signer
from candour_protocol.registry_facts import KeyUse

from tests.protocol.logbook import LOG, POLICY, Logbook, Partnership, Shelf
from tests.protocol.registry_chain import NET, SCHOOL
from tests.protocol.statements import signing_key


def verdict_on(files: dict[str, bytes], registrar: Partnership | None = None) -> AuditReport | AuditFailure:
    return audit_log(Shelf(files), LOG.verifier, registrar.registrar_key.public if registrar else None)


def failure_of(partnership: Partnership) -> AuditFailure:
    """How the partnership's log fails an audit with the registrar's key."""
    found = verdict_on(partnership.log.files(), partnership)
    assert isinstance(found, AuditFailure)
    return found


def a_foreign_log(size: int, batch: int = 100) -> Logbook:
    """A log of somebody else's entries."""
    log = Logbook()
    for start in range(0, size, batch):
        log.append(*(b"record %d" % i for i in range(start, min(size, start + batch))))
    return log


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])
def test_any_log_that_the_specification_describes_verifies(size: int) -> None:
    found = verdict_on(a_foreign_log(size).files())

    assert isinstance(found, AuditReport)
    assert (found.checkpoint.size, found.statements) == (size, None)


def test_a_log_of_three_levels_of_tiles_verifies_and_every_tile_is_looked_at() -> None:
    log = a_foreign_log(66_000, batch=5_000)

    found = verdict_on(log.files())

    assert isinstance(found, AuditReport)
    assert found.tiles == len(log.tiles) == 258 + 2 + 1


def test_full_tiles_do_where_a_log_has_dropped_its_partial_ones() -> None:
    later, earlier = a_foreign_log(600).files(), a_foreign_log(300).files()
    shown = {path: data for path, data in later.items() if ".p/" not in path}
    shown |= {path: earlier[path] for path in ("checkpoint", "tile/1/000.p/1")}

    assert isinstance(verdict_on(shown), AuditReport)


def test_progress_is_told_until_all_is_done() -> None:
    told: list[tuple[int, int]] = []

    audit_log(Shelf(a_foreign_log(600).files()), LOG.verifier, None, lambda *done: told.append(done))

    assert told == [(256, 600), (512, 600), (600, 600)]


def test_memory_stays_flat_however_long_a_log_is() -> None:
    class Endless(Shelf):
        """Makes each file when it is asked for."""

        def read(self, path: str, /) -> bytes | None:
            return bytes(self.files[path])

    def peak(size: int) -> int:
        source = Endless(a_foreign_log(size, batch=2_000).files())
        tracemalloc.start()
        assert isinstance(audit_log(source, LOG.verifier), AuditReport)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(20_000) < 1.5 * peak(2_000)


def test_any_byte_changed_in_a_small_log_fails_and_is_placed() -> None:
    partnership = Partnership()
    partnership.log.append(
        partnership.entry(partnership.statement()), partnership.entry(partnership.notice())
    )
    files = partnership.log.files()
    assert isinstance(verdict_on(files, partnership), AuditReport)

    for path, data in files.items():
        for at in range(len(data)):
            changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
            found = verdict_on(files | {path: changed}, partnership)

            assert isinstance(found, AuditFailure), (path, at)
            if path == "checkpoint":
                assert found.file == "checkpoint"
            elif path.startswith("tile/entries"):
                assert found.index == entry_at(data, at)
            else:
                assert (found.file, found.index) == (path, at // 32)


def entry_at(bundle: bytes, at: int) -> int:
    """The place of the entry to which a byte of a bundle belongs."""
    place = start = 0
    while start + 2 + int.from_bytes(bundle[start : start + 2], "big") <= at:
        start += 2 + int.from_bytes(bundle[start : start + 2], "big")
        place += 1
    return place


def test_sampled_bytes_changed_in_a_log_of_several_tiles_fail_and_are_placed() -> None:
    files = a_foreign_log(600).files()

    for path, data in files.items():
        for at in range(0, len(data), max(1, len(data) // 40)):
            changed = data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]
            found = verdict_on(files | {path: changed})

            assert isinstance(found, AuditFailure), (path, at)
            assert found.entries or found.file == "checkpoint"
            if path.startswith("tile/entries/001"):
                assert found.index == 256 + entry_at(data, at)
            if path.startswith("tile/1/"):
                assert (found.file, found.entries) == (path, range(at // 32 * 256, (at // 32 + 1) * 256))


def test_every_file_that_is_missing_cut_or_too_long_is_named() -> None:
    files = a_foreign_log(600).files()

    for path in files:
        lost = verdict_on({each: data for each, data in files.items() if each != path})
        cut = verdict_on(files | {path: files[path][:-1]})
        longer = verdict_on(files | {path: files[path] + b"\x00"})

        for found in (lost, cut):
            assert isinstance(found, AuditFailure)
            assert found.file == path
        assert isinstance(longer, AuditFailure) or (path.startswith("tile/entries") and ".p/" not in path)


def test_entries_and_tiles_changed_together_still_do_not_reach_the_signed_root() -> None:
    honest, forged = a_foreign_log(300), Logbook()
    forged.append(*honest.entries[:17], b"forged", *honest.entries[18:])

    found = verdict_on(forged.files() | {"checkpoint": honest.files()["checkpoint"]})

    assert isinstance(found, AuditFailure)
    assert (found.file, found.what) == ("checkpoint", "checkpoint")


def test_a_checkpoint_by_another_key_or_of_another_log_is_refused() -> None:
    files = a_foreign_log(3).files()
    stranger = Signer(LOG.name, signing_key("stranger"))
    elsewhere = sign_checkpoint(Checkpoint("elsewhere.example", 0, EMPTY_ROOT), LOG)

    for found in (
        audit_log(Shelf(files), stranger.verifier),
        verdict_on({"checkpoint": elsewhere.encode()}),
        verdict_on({"checkpoint": b"\xff\xfe"}),
        verdict_on({}),
    ):
        assert isinstance(found, AuditFailure)
        assert found.what == "checkpoint"
    assert isinstance(
        audit_log(Shelf({"checkpoint": elsewhere.encode()}), LOG.verifier, origin="elsewhere.example"),
        AuditReport,
    )


def test_a_partnership_s_log_verifies_down_to_every_signature() -> None:
    partnership = Partnership()
    fresh = partnership.retire_school_key()
    partnership.log.append(
        partnership.entry(partnership.statement(signer=fresh)),
        partnership.entry(partnership.statement(), "refused", ("key",)),
        partnership.entry(partnership.notice(), "flagged", ("late",)),
    )

    found = verdict_on(partnership.log.files(), partnership)

    assert isinstance(found, AuditReport)
    assert found.statements is not None
    assert found.statements.authenticated
    assert found.statements.verdicts == {"passed": 7, "refused": 1, "flagged": 1}
    assert found.statements.kinds == {"registry": 6, "delivery": 2, "notice": 1}
    assert found.statements.agencies == 2
    assert found.statements.last == parse_entry(partnership.log.entries[-1]).moment


def test_without_the_registrar_s_key_signatures_are_not_checked_and_the_report_says_so() -> None:
    partnership = Partnership()
    partnership.log.append(partnership.entry(partnership.statement(signer=signing_key("stranger"))))

    found = verdict_on(partnership.log.files())

    assert isinstance(found, AuditReport)
    assert found.statements is not None
    assert not found.statements.authenticated
    assert failure_of(partnership).index == 4


def test_a_statement_by_a_stranger_s_key_is_named() -> None:
    partnership = Partnership()
    partnership.log.append(
        partnership.entry(partnership.statement()),
        partnership.entry(partnership.statement(signer=partnership.police_key)),
    )

    assert failure_of(partnership).index == 5


def test_a_statement_whose_signature_was_moved_from_another_is_named() -> None:
    partnership = Partnership()
    one, two = partnership.statement(), partnership.statement()
    forged = one.rpartition(".")[0] + "." + two.rpartition(".")[2]
    partnership.log.append(partnership.entry(forged))

    assert failure_of(partnership).index == 4


def test_a_statement_by_a_retired_key_that_was_let_through_is_named() -> None:
    partnership = Partnership()
    partnership.retire_school_key()
    partnership.log.append(partnership.entry(partnership.statement()))

    found = failure_of(partnership)

    assert found.index == 6
    assert "retired" in found.why


def test_a_notice_that_the_gateway_did_not_sign_is_named() -> None:
    partnership = Partnership()
    forged = partnership.statement(iss=GATEWAY, aud=SCHOOL, signer=partnership.school_key)
    partnership.log.append(partnership.entry(forged))

    assert failure_of(partnership).index == 4


def test_a_registry_fact_that_the_chain_does_not_allow_is_named() -> None:
    partnership = Partnership()
    intruder = facts.registrar(NET, signing_key("another registrar"))
    jwt = facts.key_add(intruder, SCHOOL, signing_key("x").public, KeyUse.SIGN, partnership.now)
    partnership.log.append(partnership.entry(jwt))

    assert failure_of(partnership).index == 4


def test_a_refused_registry_fact_changes_nothing_and_does_not_disturb() -> None:
    partnership = Partnership()
    school = facts.Voice(NET, AgencyId(SCHOOL), partnership.school_key)
    jwt = facts.policy(school, POLICY, partnership.now)
    partnership.log.append(partnership.entry(jwt, "refused", ("key",)))

    assert isinstance(verdict_on(partnership.log.files(), partnership), AuditReport)


def test_a_log_that_does_not_begin_with_its_gateway_s_admission_is_refused_at_entry_0() -> None:
    partnership = Partnership()
    headless = Logbook()
    headless.append(*partnership.log.entries[1:])
    foreign = a_foreign_log(3)

    for files in (headless.files(), foreign.files()):
        found = verdict_on(files, partnership)
        assert isinstance(found, AuditFailure)
        assert found.index == 0


def test_the_log_of_another_registrar_is_refused_at_entry_0() -> None:
    found = audit_log(Shelf(Partnership().log.files()), LOG.verifier, signing_key("another").public)

    assert isinstance(found, AuditFailure)
    assert found.index == 0


def test_time_that_goes_back_is_named() -> None:
    partnership = Partnership()
    early = Entry(1, "passed", (), POLICY, partnership.statement()).to_bytes()
    partnership.log.append(partnership.entry(partnership.statement()), early)

    for found in (failure_of(partnership), verdict_on(partnership.log.files())):
        assert isinstance(found, AuditFailure)
        assert (found.index, "time" in found.why) == (5, True)


def test_something_else_among_our_entries_is_named() -> None:
    for intruder in (b"", b"{}", Entry(1 << 50, "passed", (), POLICY, "e30.e30.e30").to_bytes()):
        partnership = Partnership()
        partnership.log.append(intruder)

        assert failure_of(partnership).index == 4


def test_the_same_statement_twice_is_named() -> None:
    partnership = Partnership()
    jwt = partnership.statement()
    partnership.log.append(
        partnership.entry(jwt), partnership.entry(partnership.notice()), partnership.entry(jwt)
    )

    found = failure_of(partnership)

    assert found.index == 6
    assert "entry 4" in found.why


def test_a_used_id_may_stand_again_only_as_an_equivocation_of_other_bytes() -> None:
    def log_with(verdict: str, rules: tuple[str, ...], times: int) -> Partnership:
        partnership = Partnership()
        jti = Jti(new_uuid7(partnership.now))
        partnership.log.append(partnership.entry(partnership.statement(jti=jti)))
        other = partnership.statement(jti=jti, iat=int(partnership.now.timestamp()) + 1)
        partnership.log.append(*(partnership.entry(other, verdict, rules) for _ in range(times)))
        return partnership

    allowed = log_with("refused", ("equivocation",), times=1)
    assert isinstance(verdict_on(allowed.log.files(), allowed), AuditReport)
    assert failure_of(log_with("passed", (), times=1)).index == 5
    assert failure_of(log_with("passed", ("equivocation",), times=1)).index == 5
    assert failure_of(log_with("refused", ("R01",), times=1)).index == 5
    assert failure_of(log_with("refused", ("equivocation",), times=2)).index == 6


def test_an_equivocation_of_nothing_is_named() -> None:
    partnership = Partnership()
    partnership.log.append(partnership.entry(partnership.statement(), "refused", ("equivocation",)))

    assert failure_of(partnership).index == 4


def test_a_statement_of_another_partnership_is_in_the_log_only_as_refused() -> None:
    for verdict, expected in (("passed", AuditFailure), ("refused", AuditReport)):
        partnership = Partnership()
        partnership.log.append(partnership.entry(partnership.statement(net="elsewhere"), verdict))

        assert isinstance(verdict_on(partnership.log.files(), partnership), expected)
