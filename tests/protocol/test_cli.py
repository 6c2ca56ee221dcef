"""The ``candour`` command, as people and scripts use it."""

from __future__ import annotations

import json
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from candour_protocol.cli import app
from candour_protocol.cli.seen import SeenOnDisk
from candour_protocol.ids import new_uuid7, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey, VerifyKey
from candour_protocol.note import Signer
from candour_protocol.rules.table import RULES
from typer.testing import CliRunner, Result

from tests.protocol.logbook import LOG, Logbook, Partnership, written_to
from tests.protocol.registry_chain import START
from tests.protocol.statements import signing_key

VKEY = LOG.verifier.vkey


def candour(*arguments: object, stdin: str | None = None, **environment: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(
        app, list(map(str, arguments)), input=stdin, env={"COLUMNS": "200", **environment}
    )


def said(result: Result) -> str:
    """Everything printed, without boxes and line breaks."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", result.output)


def a_partnership() -> Partnership:
    partnership = Partnership()
    partnership.log.append(
        partnership.entry(partnership.statement(), "flagged", ("R02", "late")),
        partnership.entry(partnership.notice()),
    )
    return partnership


def a_receipt(directory: Path, index: int = 4) -> Path:
    file = directory / "a.tlog-proof"
    file.write_text(a_partnership().log.receipt(index), "utf-8")
    return file


def registrar_of(partnership: Partnership) -> str:
    return json.dumps(partnership.registrar_key.public.jwk)


def test_a_receipt_verifies_with_its_file_and_the_log_s_key_and_says_what_it_shows(tmp_path: Path) -> None:
    result = candour("verify", "receipt", a_receipt(tmp_path), "--vkey", VKEY)

    assert result.exit_code == 0
    for words in (
        "This receipt verifies.",
        "log.test.example/one, entry 4 of 6",
        "2 November 2026, 09:00:05 UTC",
        "passed checks, with a mark",
        f"R02 {RULES[1].title} it came after its time",
        "delivery, from testborough-hill to testshire-police, in testshire",
        "Not checked",
        "The signature of testborough-hill",
    ):
        assert words in said(result)


def test_a_receipt_of_the_registrar_s_own_statement_is_checked_to_its_signature(tmp_path: Path) -> None:
    file = a_receipt(tmp_path, index=2)
    registrar = a_partnership().registrar_key.public
    in_file = tmp_path / "registrar.jwk"
    in_file.write_text(json.dumps(registrar.jwk | {"kid": registrar.kid, "use": "sig"}), "utf-8")

    for given in (registrar_of(a_partnership()), registrar.jwk["x"], in_file):
        result = candour("verify", "receipt", file, "--vkey", VKEY, "--registrar", given)

        assert result.exit_code == 0
        assert "The registrar signed the statement." in said(result)
        assert "The signature of" not in said(result)


def test_a_receipt_that_names_a_registrar_who_did_not_sign_it_fails(tmp_path: Path) -> None:
    stranger = signing_key("stranger").public.jwk["x"]

    result = candour(
        "verify", "receipt", a_receipt(tmp_path, index=2), "--vkey", VKEY, "--registrar", stranger
    )

    assert result.exit_code == 1
    assert "did not sign" in said(result)


def test_a_receipt_can_come_by_standard_input_and_the_key_in_a_file(tmp_path: Path) -> None:
    key = tmp_path / "log.vkey"
    key.write_text(VKEY + "\n", "utf-8")

    result = candour("verify", "receipt", "-", "--vkey", key, stdin=a_partnership().log.receipt(4))

    assert result.exit_code == 0


def test_any_changed_character_of_a_receipt_makes_it_fail_with_a_reason(tmp_path: Path) -> None:
    file = a_receipt(tmp_path)
    text = file.read_text("utf-8")

    for at in range(0, len(text), 29):
        file.write_text(text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :], "utf-8")
        result = candour("verify", "receipt", file, "--vkey", VKEY)

        assert result.exit_code == 1
        assert said(result).startswith("This receipt does not verify: ")


def test_wrong_use_is_told_apart_from_what_does_not_verify(tmp_path: Path) -> None:
    file = a_receipt(tmp_path)
    private = json.dumps(signing_key("registrar").private_jwk)

    for arguments in (
        ("receipt", file),
        ("receipt", tmp_path / "absent", "--vkey", VKEY),
        ("receipt", tmp_path, "--vkey", VKEY),
        ("receipt", file, "--vkey", VKEY[:-1]),
        ("receipt", file, "--vkey", VKEY, "--registrar", "nonsense"),
        ("receipt", file, "--vkey", VKEY, "--registrar", "{"),
        ("receipt", file, "--vkey", VKEY, "--registrar", private),
        ("log", tmp_path / "absent", "--vkey", VKEY),
        ("log", "http://127.0.0.1:1/log", "--vkey", VKEY),
    ):
        assert candour("verify", *arguments).exit_code == 2
    assert "private key" in said(candour("verify", "receipt", file, "--vkey", VKEY, "--registrar", private))


def test_a_terminal_without_the_letters_of_a_log_s_name_still_gets_its_answer(tmp_path: Path) -> None:
    log = Logbook(Signer("lög.example", signing_key("log")))
    log.append(*a_partnership().log.entries)
    file = tmp_path / "a.tlog-proof"
    file.write_text(log.receipt(4), "utf-8")

    runner = CliRunner(charset="ascii")
    result = runner.invoke(app, ["verify", "receipt", str(file), "--vkey", log.signer.verifier.vkey])

    assert result.exit_code == 0
    assert "l?g.example" in result.output


def test_a_receipt_from_another_log_fails(tmp_path: Path) -> None:
    other = Signer("log.test.example/two", signing_key("log")).verifier.vkey

    assert candour("verify", "receipt", a_receipt(tmp_path), "--vkey", other).exit_code == 1


def test_a_log_in_a_directory_verifies_down_to_every_signature(tmp_path: Path) -> None:
    partnership = a_partnership()
    directory = written_to(tmp_path, partnership.log.files())

    result = candour("verify", "log", directory, "--vkey", VKEY, "--registrar", registrar_of(partnership))

    assert result.exit_code == 0
    for words in (
        "This log verifies.",
        "6, each in the signed tree",
        "5 passed checks, 1 passed checks, with a mark",
        "2 admitted",
        "Every statement is signed by its issuer's key",
    ):
        assert words in said(result)
    assert "Not checked" not in said(result)


def test_without_the_registrar_s_key_a_log_says_what_was_not_checked(tmp_path: Path) -> None:
    result = candour("verify", "log", written_to(tmp_path, a_partnership().log.files()), "--vkey", VKEY)

    assert result.exit_code == 0
    assert "Not checked - Who signed the statements" in said(result)


def test_a_damaged_log_fails_and_names_the_place(tmp_path: Path) -> None:
    partnership = a_partnership()
    files = partnership.log.files()
    registrar = registrar_of(partnership)

    for path, data in files.items():
        for at in range(0, len(data), 211):
            directory = written_to(tmp_path, files)
            (directory / path).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            result = candour("verify", "log", directory, "--vkey", VKEY, "--registrar", registrar)

            assert result.exit_code == 1
            named = "checkpoint" if path == "checkpoint" else r"entry \d"
            assert re.match(rf"This log does not verify: .*{named}.*", said(result))


@contextmanager
def served(files: dict[str, bytes], token: str | None = None) -> Iterator[str]:
    """A log behind a web server on this machine; its entries behind a token, where one is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/log/")
            closed = token and "entries" in path and self.headers["Authorization"] != f"Bearer {token}"
            body = files.get(path, b"")
            self.send_response(401 if closed else 200 if path in files else 404)
            self.send_header("Content-Length", "0" if closed else str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if closed else body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()
        thread.join()


def test_a_log_behind_a_web_address_verifies_and_a_damaged_one_fails() -> None:
    files = a_partnership().log.files()

    with served(files) as url:
        assert candour("verify", "log", url, "--vkey", VKEY).exit_code == 0
        assert candour("verify", "log", url + "/", "--vkey", VKEY).exit_code == 0
        files["tile/0/000.p/6"] = bytes(192)
        result = candour("verify", "log", url, "--vkey", VKEY)

    assert result.exit_code == 1
    assert "tile/0/000.p/6 (entry 0)" in said(result)


def test_a_log_that_shows_its_entries_to_auditors_only_asks_for_a_token() -> None:
    with served(a_partnership().log.files(), token="let-me-see") as url:
        without = candour("verify", "log", url, "--vkey", VKEY)
        with_it = candour("verify", "log", url, "--vkey", VKEY, "--token", "let-me-see")
        by_environment = candour("verify", "log", url, "--vkey", VKEY, CANDOUR_TOKEN="let-me-see")

    assert without.exit_code == 2
    assert "--token" in said(without)
    assert with_it.exit_code == by_environment.exit_code == 0


@pytest.mark.parametrize("use", ["sign", "client", "seal"])
def test_a_new_key_goes_into_a_file_that_only_its_owner_reads(tmp_path: Path, use: str) -> None:
    file = tmp_path / "key.jwk"

    result = candour("keys", "new", "--use", use, "--out", file)

    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kind = OpeningKey if use == "seal" else SigningKey
    pair = kind.from_jwk(json.loads(file.read_text("ascii")))
    assert json.loads(result.stdout) == pair.public.jwk
    assert pair.public.kid in result.stderr
    assert "d" not in json.loads(result.stdout)


def test_a_key_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.jwk"
    file.write_text("precious", "ascii")

    result = candour("keys", "new", "--use", "sign", "--out", file)

    assert result.exit_code == 2
    assert file.read_text("ascii") == "precious"
    assert candour("keys", "new", "--use", "sign", "--out", tmp_path / "no" / "where").exit_code == 2
    assert candour("keys", "new", "--use", "opening").exit_code == 2


def test_a_key_without_a_file_name_gets_one_from_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = candour("keys", "new", "--use", "client")

    kid = VerifyKey.from_jwk(json.loads(result.stdout)).kid
    assert [each.name for each in tmp_path.iterdir()] == [f"candour-client-{kid[:8]}.jwk"]


def test_the_rules_are_read_in_order_and_one_by_one() -> None:
    overview = said(candour("rules"))

    places = [overview.index(f" {rule.id} ") for rule in RULES]
    assert places == sorted(places)
    for rule in RULES:
        whole = said(candour("rules", rule.id.lower()))
        for words in (rule.title, rule.statement, rule.why, rule.fix):
            assert " ".join(words.split()) in whole
        assert ("not in force yet" in whole) is not rule.in_force


def test_the_rules_alone_say_why_each_is_there_and_how_to_mend_what_does_not_meet_it() -> None:
    result = candour("rules")

    overview = said(result)
    for rule in RULES:
        for words in (rule.title, rule.statement, rule.why, rule.fix):
            assert " ".join(words.split()) in overview
    assert "'candour rules R01' adds examples" in overview
    assert max(len(line) for line in result.stdout.splitlines()) <= 100


def test_one_rule_says_how_to_mend_each_fault_of_it() -> None:
    one = said(candour("rules", "R10"))

    assert "/withheld/second_signer (marked): Have a second person" in one
    assert "waits for the word of whoever it is lodged with" in one
    assert "{who}" not in one


def test_the_rules_are_there_for_machines_too() -> None:
    everything = json.loads(candour("rules", "--json").stdout)
    one = json.loads(candour("rules", "R01", "--json").stdout)

    assert [each["id"] for each in everything] == [rule.id for rule in RULES]
    assert one == everything[:1]


def test_a_rule_that_does_not_exist_is_wrong_use() -> None:
    result = candour("rules", "R99")

    assert result.exit_code == 2
    assert "R01 to R15" in said(result)


def test_what_an_audit_remembers_on_disk_is_what_it_would_remember_in_memory() -> None:
    one, two = new_uuid7(START), new_uuid7(START)
    first, other = sha256_text(b"first"), sha256_text(b"other")

    with closing(SeenOnDisk()) as seen:
        assert seen(one, first, 3) is None
        assert seen(two, first, 4) is None
        assert seen(one, other, 5) == (3, False)
        assert seen(one, first, 6) == (3, True)
        assert seen(one, other, 7) == (3, True)
