"""Four nations as data: whose identifiers, which words, which law, since when, and how well it is known."""

from __future__ import annotations

from datetime import date

import pytest
from candour_protocol.codes import Power
from candour_protocol.errors import PolicyError
from candour_protocol.identifiers import Scheme
from candour_protocol.nations import Checked, Law, NationProfile
from candour_protocol.policy import default_policy, load_policy
from candour_protocol.profiles import Nation

POLICY = load_policy(default_policy())
TODAY = date(2026, 11, 26)


@pytest.mark.parametrize("nation", Nation)
def test_every_nation_has_its_identifiers_terms_clocks_and_law(nation: Nation) -> None:
    profile = POLICY.nations[nation]

    assert profile.schemes
    assert profile.terms.concern
    assert profile.clocks
    assert profile.law
    assert all(item.source for item in (*profile.law, *profile.clocks))


def test_children_are_known_by_their_nations_own_number() -> None:
    usual = {nation: profile.schemes[0] for nation, profile in POLICY.nations.items()}

    assert usual == {
        Nation.ENGLAND: Scheme.NHS,
        Nation.WALES: Scheme.NHS,
        Nation.SCOTLAND: Scheme.CHI,
        Nation.NORTHERN_IRELAND: Scheme.HCN,
    }


def test_every_power_that_can_be_named_belongs_to_some_nation() -> None:
    named = {power for profile in POLICY.nations.values() for power in profile.powers_on(TODAY)}

    assert named == set(Power)


def test_wales_and_northern_ireland_do_not_ask_by_englands_words() -> None:
    terms = {nation: profile.terms for nation, profile in POLICY.nations.items()}

    assert terms[Nation.WALES].lead == "designated safeguarding person"
    assert terms[Nation.NORTHERN_IRELAND].concern == "UNOCINI referral"
    assert terms[Nation.SCOTLAND].enquiry == "inter-agency referral discussion"


def test_what_nobody_has_looked_up_says_so() -> None:
    items = [item for profile in POLICY.nations.values() for item in (*profile.law, *profile.clocks)]

    assert {item.checked for item in items} == set(Checked)
    duty = next(item for item in POLICY.nations[Nation.ENGLAND].law if item.power is Power.CA04_S16LA)
    assert duty.checked is not Checked.READ
    assert "not verified" in duty.says


def test_an_item_holds_between_its_dates_only() -> None:
    law = Law(
        title="A power",
        says="It may be asked.",
        source="An Act",
        checked=Checked.READ,
        holds_from=date(2026, 2, 5),
        holds_until=date(2027, 2, 4),
        power=Power.COMMON_LAW,
    )
    england = POLICY.nations[Nation.ENGLAND]
    profile = NationProfile(display="Somewhere", schemes=(Scheme.NHS,), terms=england.terms, law=(law,))

    days = [date(2026, 2, 4), date(2026, 2, 5), date(2027, 2, 4), date(2027, 2, 5)]

    assert [law.holds_on(day) for day in days] == [False, True, True, False]
    assert [profile.powers_on(day) for day in days] == [(), (Power.COMMON_LAW,), (Power.COMMON_LAW,), ()]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("holds_from = 2026-02-05", "holds_from = 2026-02-05\nholds_until = 2026-02-04"),
        ('schemes = ["chi"]', 'schemes = ["passport"]'),
        ('power = "SSWBA_S130"', 'power = "SOMETHING"'),
        ("[nations.WALES]", "[nations.FRANCE]"),
        ('checked = "from memory"', 'checked = "surely"'),
        ('limit = "7 working days"', 'limit = "soon"'),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(old: str, new: str) -> None:
    written = default_policy().decode()
    assert old in written

    with pytest.raises(PolicyError, match="line"):
        load_policy(written.replace(old, new, 1).encode())


def test_a_policy_of_before_the_nations_is_still_read() -> None:
    written = default_policy().decode()
    older = written[: written.index("# ---- Nations")]
    later = ("CSA95_S21", "CHSA11_S60", "CNIO95_A46", "CNIO95_A66", "CLANI67_S5")
    lines = [line for line in older.splitlines() if not line.startswith(later)]

    policy = load_policy("\n".join(lines).encode())

    assert policy.nations == {}
    assert policy.legal.holds("SCHOOL", power="CSA95_S21")
