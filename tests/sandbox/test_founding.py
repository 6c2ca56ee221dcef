"""Founding happens once, whatever interrupts it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from candour_protocol import profiles
from candour_protocol.keys import VerifyKey
from candour_protocol.policy import load_policy
from candour_protocol.registry import Registry
from candour_protocol.statement import parse
from candour_protocol.strict_json import loads
from candour_sandbox import bootstrap, cast
from candour_sandbox.bootstrap import Charter, CharterError
from candour_sandbox.estate import Estate
from candour_sandbox.samples import samples

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path / "data")


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_founding_changes_nothing(estate: Estate) -> None:
    bootstrap.found(estate, NOW)
    before = _everything(estate.root)

    bootstrap.found(estate, NOW)

    assert _everything(estate.root) == before


def test_a_founding_that_was_cut_off_is_begun_anew(estate: Estate, tmp_path: Path) -> None:
    other = Estate(tmp_path / "other")
    bootstrap.found(other, NOW)
    halfway = estate.root / ".founding" / "partnership"
    halfway.mkdir(parents=True)
    shutil.copytree(other.gateway, halfway / "gateway")

    bootstrap.found(estate, NOW)

    assert [path.name for path in estate.root.iterdir()] == ["partnership"]
    assert estate.log_verifier() != other.log_verifier()
    assert _everything(estate.root).keys() == _everything(other.root).keys()


def test_the_first_facts_make_a_registry_of_everybody(estate: Estate) -> None:
    bootstrap.found(estate, NOW)

    facts = loads(estate.facts.read_bytes())
    registry = Registry(estate.registrar_key(), cast.NET)
    assert isinstance(facts, list)
    for index, fact in enumerate(facts):
        assert isinstance(fact, dict)
        registry.apply(parse(str(fact["statement"])), index, NOW)

    assert registry.agencies == tuple(samples().kinds)
    for agency in registry.agencies:
        assert registry.seal_key(agency, "general") is not None
        assert registry.seal_key(agency, "restricted") is not None
        assert profiles.parse(estate.agency(agency).profile.read_bytes()).id == agency


def test_secrets_are_for_their_owner_only_and_public_halves_hold_no_secret(estate: Estate) -> None:
    bootstrap.found(estate, NOW)

    modes = {path.name: path.stat().st_mode & 0o077 for path in estate.made.rglob("*.jwk")}

    assert isinstance(estate.registrar_key(), VerifyKey)
    assert modes.pop("registrar.public.jwk") != 0
    assert set(modes.values()) == {0}
    assert estate.partnership_key.stat().st_mode & 0o077 == 0


def test_the_policy_says_that_it_is_for_tests(estate: Estate) -> None:
    bootstrap.found(estate, NOW)

    policy = load_policy(estate.policy.read_bytes())

    assert (policy.net, policy.identifiers, policy.clock_speed) == (cast.NET, "test", 1)


def test_what_the_first_start_settles_is_kept(estate: Estate) -> None:
    bootstrap.found(estate, NOW, Charter(clock_speed=60, patterns=True, rate=600))

    for same in (Charter(), Charter(60, True, 600)):
        bootstrap.found(estate, NOW, same)
    policy = load_policy(estate.policy.read_bytes())
    assert (policy.clock_speed, policy.patterns.shown, policy.patterns.adults) == (60, True, True)
    assert (policy.rates.urgent_per_minute, policy.rates.ordinary_per_minute) == (600, 600)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Charter(clock_speed=1), "--clock-speed 60"),
        (Charter(patterns=False), "--patterns"),
        (Charter(rate=60), "--rate 600"),
    ],
)
def test_what_the_first_start_settled_is_not_changed(estate: Estate, other: Charter, said: str) -> None:
    bootstrap.found(estate, NOW, Charter(clock_speed=60, patterns=True, rate=600))

    with pytest.raises(CharterError, match=f"founded with {said}, and keeps it"):
        bootstrap.found(estate, NOW, other)


def test_every_phone_is_one_kept_for_fiction() -> None:
    numbers = [
        number
        for agency in cast.PARTS
        for profile in [cast.profile(agency)]
        for number in (profile.phone, profile.phone_24h, *(inbox.phone for inbox in profile.inboxes))
    ]

    assert len(numbers) == 4 * 11
    assert all(number and number.startswith("01632 960") and len(number) == 12 for number in numbers)


def test_the_cast_is_that_of_the_samples_in_their_order() -> None:
    assert list(cast.PARTS) == list(samples().kinds)
