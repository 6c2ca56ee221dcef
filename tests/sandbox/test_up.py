"""``candour-sandbox up`` as people run it: started, stopped, killed at bad moments, and started again."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from candour_protocol import receipt
from candour_protocol.audit import AuditFailure, AuditReport, audit_log
from candour_protocol.keys import VerifyKey
from candour_protocol.note import Verifier
from candour_sandbox import proof
from candour_sandbox.samples import samples

from tests.sandbox.conftest import Partner, Start
from tests.sandbox.personal import personal_texts
from tests.sandbox.process import Process, free_base_port

RECEIPTS = {"R-04", "C-05", "C-02", "C-03", "C-01", "R-01", "A-01", "C-10", "R-05", "C-08", "R-02", "A-02"}

pytestmark = pytest.mark.timeout(600)


def audited(manifest: dict[str, Any]) -> AuditReport:
    gateway = manifest["gateway"]
    found = asyncio.run(
        proof.audit(
            f"{gateway['url']}/log",
            gateway["token"],
            Verifier.from_vkey(gateway["log"]["vkey"]),
            VerifyKey.from_jwk(gateway["registrar"]),
        )
    )
    assert not isinstance(found, AuditFailure), found
    return found


def worklists(manifest: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    """How many messages of which kind each agency got, by sender; every id must be there once."""
    found: Counter[tuple[str, str, str]] = Counter()
    for agency, door in manifest["agencies"].items():
        with Partner(door, restricted=True) as partner:
            items = partner.inbox()
        ids = [item["id"] for item in items]
        assert len(ids) == len(set(ids)), f"{agency} has a message twice"
        found.update((agency, item["kind"], item["sender"]) for item in items)
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A sandbox that has told its story; it is only looked at, or stands in another one's way."""
    process = Process.up(tmp_path_factory.mktemp("told") / "data", free_base_port())
    process.ready()
    yield process
    process.kill()


def test_the_story_is_told_and_the_manifest_opens_every_door(told: Process) -> None:
    manifest = told.manifest()

    page = "".join(told.lines)
    assert "the log verifies" in page
    assert "returned to you" in page
    assert manifest["ready"] is True
    assert manifest["processes"] == {"sandbox": told.popen.pid}
    assert manifest["witnesses"] == []
    assert {agency: door["kind"] for agency, door in manifest["agencies"].items()} == samples().kinds
    for url in (manifest["dashboard"], manifest["gateway"]["url"], *_urls(manifest)):
        assert httpx.get(f"{url}/readyz").status_code == 200, url
        assert httpx.get(f"{url}/livez").status_code == 200, url


def test_the_interfaces_that_the_story_names_are_documented(told: Process) -> None:
    named = [line.strip() for line in told.lines if line.strip().endswith("/openapi.json")]

    titles = [httpx.get(url).json()["openapi"] for url in named]

    assert titles == ["3.1.0", "3.1.0"]


def test_the_health_page_tells_of_the_story_and_finds_nothing_stuck(told: Process) -> None:
    page = httpx.get(told.manifest()["dashboard"]).text

    assert "No child&#39;s message is stuck" in page
    assert "Verified</strong> Verified up to" in page
    assert page.count("Ready</strong>") == 12
    assert all(f'<th scope="row">{rule}</th>' in page for rule in ("R02", "R05", "R07", "R08"))


def _urls(manifest: dict[str, Any]) -> list[str]:
    return [door["url"] for door in manifest["agencies"].values()]


def test_every_receipt_of_the_story_verifies_alone(told: Process) -> None:
    verifier = Verifier.from_vkey(told.manifest()["gateway"]["log"]["vkey"])

    verdicts = {
        path.name.removesuffix(proof.SUFFIX): receipt.verify(path.read_text("utf-8"), verifier).entry.verdict
        for path in (told.data / "receipts").iterdir()
    }

    expected = {call.id: call.verdict for call in samples().calls if call.id in RECEIPTS}
    assert verdicts == {"A-01": "passed", "A-02": "passed"} | expected
    assert verdicts.keys() == RECEIPTS


def test_every_sample_gets_the_verdict_that_it_expects(start: Start) -> None:
    assert_verdicts(start("--no-story").ready())


def assert_verdicts(manifest: dict[str, Any]) -> None:
    """Send all samples in their order; each message must be judged as its sample says."""
    ids: dict[str, str] = {}
    found: dict[str, list[tuple[str, list[str]]]] = {}

    for call in samples().calls:
        with Partner(manifest["agencies"][call.sender]) as partner:
            answer = partner.post(call.path, call.filled(ids, datetime.now(UTC).date()), f"sample-{call.id}")
            sent = _own_messages(answer, call.path)
            ids[call.id] = sent[0]
            found[call.id] = [_verdict(partner.judged(message_id)) for message_id in sent]

    assert found == {
        call.id: [(call.verdict, list(call.rules))] * len(found[call.id]) for call in samples().calls
    }
    assert audited(manifest).statements is not None


def _own_messages(answer: httpx.Response, path: str) -> list[str]:
    """The ids of the messages of the call's own kind."""
    if answer.status_code == 422:
        return [str(answer.json()["message"]["id"])]
    assert answer.status_code == 202, answer.text
    kind = {"/v1/concerns": "concern", "/v1/requests": "request"}[path]
    own = [message for message in answer.json()["messages"] if message["kind"] == kind]
    return [str(message["id"]) for message in own]


def _verdict(message: dict[str, Any]) -> tuple[str, list[str]]:
    return message["verdict"]["outcome"], message["verdict"]["rules"]


def test_a_second_start_goes_on_and_does_not_tell_the_story_again(start: Start) -> None:
    first = start()
    before = first.ready()
    told = worklists(before)
    status = first.stop()
    gone = not (first.data / "sandbox.json").exists()

    second = start()
    after = second.ready()

    assert status == 0
    assert gone
    assert "the log verifies" not in "".join(second.lines)
    assert after["gateway"]["log"] == before["gateway"]["log"]
    assert worklists(after) == told
    assert after["processes"]["sandbox"] == second.popen.pid


def test_killed_at_bad_moments_nothing_is_lost_and_nothing_comes_twice(start: Start, told: Process) -> None:
    for moment in ("Eleven agencies", "R-04", "concern to follow has come", "R-01", "R-05", "A-02"):
        process = start()
        process.until(moment)
        process.kill()
        assert not (process.data / "sandbox.json").exists(), "not ready, and says so"
    manifest = start().ready()
    report = audited(manifest)

    undisturbed = told.manifest()
    assert worklists(manifest) == worklists(undisturbed)
    assert report.statements is not None
    assert report.statements.kinds == audited(undisturbed).statements.kinds  # type: ignore[union-attr]


def test_killed_while_it_serves_it_goes_on_with_everything(start: Start) -> None:
    first = start()
    manifest = first.ready()
    call = samples().call("C-04")
    with Partner(manifest["agencies"][call.sender]) as partner:
        sent = partner.post(call.path, dict(call.body), "before-the-kill").json()
    first.kill()
    stale = json.loads((first.data / "sandbox.json").read_bytes())["processes"]["sandbox"]

    manifest = start().ready()
    with Partner(manifest["agencies"][call.sender]) as partner:
        again = partner.post(call.path, dict(call.body), "before-the-kill").json()

    assert [message["id"] for message in again["messages"]] == [message["id"] for message in sent["messages"]]
    assert worklists(manifest)[("testborough-csc", "concern", "testborough-ed")] == 1
    assert worklists(manifest)[("testshire-police", "concern", "testborough-ed")] == 1
    assert manifest["processes"]["sandbox"] != stale


def test_the_gateway_and_the_courier_hold_nobodys_words(start: Start) -> None:
    process = start()
    manifest = process.ready()
    ids: dict[str, str] = {}
    for call in samples().calls:
        with Partner(manifest["agencies"][call.sender]) as partner:
            answer = partner.post(call.path, call.filled(ids, datetime.now(UTC).date()), f"sample-{call.id}")
            ids[call.id] = _own_messages(answer, call.path)[0]
    page = httpx.get(manifest["dashboard"]).text
    process.kill()

    kept = {path.name: path.read_bytes() for path in process.data.iterdir() if _is_in_the_middle(path)}
    kept["output"] = "".join(process.lines).encode()
    kept["health page"] = page.encode()

    assert {"gateway.db", "transport.db"} <= kept.keys()
    assert list(_found(kept)) == []


def _is_in_the_middle(path: Path) -> bool:
    return path.is_file() and path.name.startswith(("gateway.db", "transport.db"))


def _found(kept: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """Every personal text that stands somewhere, in clear, in JSON escapes, or inside base64."""
    for name, raw in kept.items():
        everything = raw + b"".join(_decoded(raw))
        for text in personal_texts():
            shapes = (text.encode(), json.dumps(text)[1:-1].encode(), text.encode("utf-16-le"))
            if any(shape in everything for shape in shapes):
                yield name, text


def _decoded(raw: bytes) -> Iterator[bytes]:
    for token in re.findall(rb"[A-Za-z0-9_-]{16,}", raw):
        yield base64.urlsafe_b64decode(token[: len(token) // 4 * 4])


def test_two_at_once_on_one_folder_are_refused(told: Process) -> None:
    second = Process.up(told.data, told.base_port, "--no-story")

    said = second.rest()
    assert second.popen.returncode == 1
    assert "Another sandbox is running" in said
    assert "Traceback" not in said


def test_a_taken_port_is_named_with_what_needs_it(told: Process, tmp_path: Path) -> None:
    taken = told.base_port + 101

    other = Process.up(tmp_path / "other", taken, "--no-story")

    said = other.rest()
    assert other.popen.returncode == 1
    assert f"Port {taken} is taken" in said
    assert "dashboard" in said
    assert "--base-port" in said
    assert not (tmp_path / "other" / "sandbox.json").exists()


def test_after_any_change_the_log_does_not_verify_and_the_entry_is_named(told: Process) -> None:
    manifest = told.manifest()
    size = audited(manifest).checkpoint.size
    token = {"Authorization": f"Bearer {manifest['gateway']['token']}"}
    files = {
        path: httpx.get(f"{manifest['gateway']['url']}/log/{path}", headers=token).content
        for path in ("checkpoint", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}")
    }

    unchanged = _verify(files, manifest)
    changed = {
        (path, at): _verify(files | {path: _with_another_byte(raw, at)}, manifest)
        for path, raw in files.items()
        for at in range(0, len(raw), max(1, len(raw) // 40))
    }

    assert isinstance(unchanged, AuditReport)
    assert [place for place, found in changed.items() if not isinstance(found, AuditFailure)] == []
    for (path, _), found in changed.items():
        assert isinstance(found, AuditFailure)
        assert path == "checkpoint" or found.index is not None


def _with_another_byte(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def _verify(files: dict[str, bytes], manifest: dict[str, Any]) -> AuditReport | AuditFailure:
    class Files:
        def read(self, path: str, /) -> bytes | None:
            return files.get(path)

    gateway = manifest["gateway"]
    verifier = Verifier.from_vkey(gateway["log"]["vkey"])
    return audit_log(Files(), verifier, VerifyKey.from_jwk(gateway["registrar"]))


def test_the_commands_that_the_story_shows_do_what_they_say(told: Process) -> None:
    commands = [line.strip() for line in told.lines if " verify " in line]

    results = [
        subprocess.run(  # noqa: S602 -- exactly what somebody would paste into a shell
            command, shell=True, capture_output=True, text=True, check=False
        )
        for command in commands
    ]

    assert len(results) == 2
    assert [result.returncode for result in results] == [0, 0], results


def test_stopping_while_the_story_runs_is_quick_and_clean(start: Start) -> None:
    process = start()
    process.until("C-02")

    status = process.stop()

    assert status == 0
    assert "Traceback" not in "".join(process.lines)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", process.base_port))
