from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.children import child_tokens
from candour_protocol.ids import ActorToken, AgencyId, StatementHash
from candour_protocol.kinds import ConcernCodes, Kind, Person, RequestCodes
from candour_protocol.rules import Ask, Outcome, Told, judge_request
from candour_protocol.rules.rehearsal import ASKER, CONCERN, HOLDER, NOW, REQUEST, attested, written

from tests.protocol.cases import a_line, a_policy, places

FIRST, SECOND = StatementHash("A" * 43), StatementHash("B" * 42 + "A")
JUNO = {"name": "Juno Ashbyte", "birth_date": "2025-08-02", "nhs_number": "9990001022"}


def a_concern(**members: Any) -> ConcernCodes:
    codes = attested(written(Kind.CONCERN, {**CONCERN, **members}), (), a_policy()).codes
    assert isinstance(codes, ConcernCodes)
    return codes


def told(name: StatementHash = FIRST, **around: Any) -> Told:
    around = {"codes": a_concern(), "outcome": Outcome.PASSED, "at": NOW - timedelta(days=1), **around}
    around = {"issuer": ASKER, "audience": HOLDER, "inbox": "general", **around}
    return Told(hash=name, **around)


def ask(
    *logged: Told, cites: tuple[StatementHash, ...] = (FIRST,), request: Any = None, **around: Any
) -> Ask:
    concern = written(Kind.CONCERN, CONCERN)
    body = {**REQUEST, "concern_refs": list(cites), **(request or {})}
    codes = attested(written(Kind.REQUEST, body), (concern,) if cites else (), a_policy()).codes
    assert isinstance(codes, RequestCodes)
    around = {"issuer": ASKER, "issuer_kind": "CSC", "holder": HOLDER, "inbox": "general", **around}
    return Ask(
        codes=codes,
        at=NOW,
        told={each.hash: each for each in logged},
        has_directory_phone=True,
        **around,
    )


def verdict(*logged: Told, **around: Any) -> tuple[str, tuple[str, ...]]:
    judgement = judge_request(ask(*logged, **around), a_policy())
    return judgement.outcome.value, judgement.rules


def test_a_request_whose_holder_was_told_passes() -> None:
    assert verdict(told()) == ("passed", ())


def test_a_request_without_a_concern_is_refused_with_one_rule() -> None:
    judgement = judge_request(ask(cites=()), a_policy())

    assert (judgement.rules, places(judgement, "R01")) == (("R01",), ["/concern_ids"])


def test_what_the_holder_itself_told_the_asker_may_be_cited_back() -> None:
    assert verdict(told(issuer=HOLDER, audience=ASKER)) == ("passed", ())


@pytest.mark.parametrize(
    "around",
    [
        {"audience": AgencyId("somebody-else")},
        {"issuer": AgencyId("somebody-else")},
        {"issuer": AgencyId("somebody-else"), "audience": HOLDER},
        {"issuer": HOLDER, "audience": AgencyId("somebody-else")},
        {"outcome": Outcome.REFUSED},
        {"outcome": Outcome.HELD},
        {"at": NOW + timedelta(milliseconds=1)},
        {"opened": "mismatch"},
        {"opened": "unreadable"},
    ],
)
def test_a_concern_that_this_holder_was_not_told_unlocks_nothing(around: Any) -> None:
    judgement = judge_request(ask(told(**around)), a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R01",))
    assert places(judgement, "R01") == ["/concern_ids/0"]


def test_a_concern_that_is_in_no_log_unlocks_nothing() -> None:
    assert verdict() == ("refused", ("R01",))


def test_nothing_is_said_about_a_concern_between_others() -> None:
    elsewhere = told(audience=AgencyId("somebody-else"), codes=a_concern(subject=JUNO, facts=None))

    assert verdict(elsewhere) == ("refused", ("R01",))


def test_the_millisecond_of_the_request_itself_is_not_too_late() -> None:
    assert verdict(told(at=NOW)) == ("passed", ())


def test_a_concern_counts_before_its_delivery_and_after_a_sound_one() -> None:
    assert verdict(told(opened=None)) == verdict(told(opened="sound")) == ("passed", ())


@pytest.mark.parametrize(
    "around",
    [
        {"opened": "thin"},
        {"codes": a_concern(facts=None)},
        {"codes": written(Kind.CONCERN, CONCERN).codes},
        {"outcome": Outcome.FLAGGED, "rules": ("R02",)},
    ],
)
def test_a_thin_concern_is_told_and_unlocks_nothing(around: Any) -> None:
    judgement = judge_request(ask(told(**around)), a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R02",))


def test_a_thin_concern_counts_again_once_a_fact_is_added() -> None:
    assert verdict(told(opened="thin", refreshed=True)) == ("passed", ())
    assert verdict(told(opened="mismatch", refreshed=True)) == ("passed", ())


def test_a_later_fact_also_makes_up_for_what_the_askers_node_attests() -> None:
    thin = a_concern(facts=None)
    asking = ask(told(codes=thin, refreshed=True))
    failing = asking.codes.model_copy(update={"checks": {**(asking.codes.checks or {}), "R02": "fail"}})

    assert judge_request(replace(asking, codes=failing), a_policy()).outcome is Outcome.PASSED


def test_a_marked_concern_with_substance_unlocks() -> None:
    assert (
        verdict(told(outcome=Outcome.FLAGGED, codes=a_concern(categories=[]), rules=("R03",)))[0] == "passed"
    )


def test_another_childs_concern_unlocks_nothing() -> None:
    judgement = judge_request(ask(told(codes=a_concern(subject=JUNO))), a_policy())

    assert (judgement.rules, places(judgement, "R04")) == (("R04",), ["/concern_ids/0"])


def test_another_childs_concern_says_nothing_about_the_matrix_either() -> None:
    lines = [a_line(category="POLICE_INTEL")]

    assert verdict(told(codes=a_concern(subject=JUNO)), request={"lines": lines}) == ("refused", ("R04",))


def test_a_childs_concern_without_an_identifier_is_joined_by_its_thread() -> None:
    unknown = a_concern(subject={"name": "two children", "identifier_absent_reason": "UNKNOWN_DELAY"})
    own = ask(told(codes=unknown))
    joined = sorted({*own.codes.child, *unknown.child})

    codes = own.codes.model_copy(update={"child": tuple(joined)})

    assert judge_request(replace(own, codes=codes), a_policy()).outcome is Outcome.PASSED
    assert judge_request(own, a_policy()).rules == ("R04",)


def test_one_concern_has_to_be_everything_that_is_wanted() -> None:
    thin, other = told(opened="thin"), told(SECOND, codes=a_concern(subject=JUNO))

    judgement = judge_request(ask(thin, other, cites=(FIRST, SECOND)), a_policy())

    assert judgement.rules == ("R02", "R04")
    assert (places(judgement, "R02"), places(judgement, "R04")) == (["/concern_ids/0"], ["/concern_ids/1"])


def test_one_good_concern_is_enough_whatever_else_is_cited() -> None:
    assert verdict(told(), told(SECOND, opened="thin"), cites=(SECOND, FIRST)) == ("passed", ())


def still_current(days: float, *, changed: bool | None, **request: Any) -> str:
    asking = ask(told(at=NOW - timedelta(days=days)), request=request)
    codes = asking.codes.model_copy(update={"still_current": changed})
    return judge_request(replace(asking, codes=codes), a_policy()).outcome.value


@pytest.mark.parametrize(
    ("days", "changed", "outcome"),
    [
        (28, None, "passed"),
        (28.01, None, "refused"),
        (28.01, False, "refused"),
        (28.01, True, "passed"),
        (90, True, "passed"),
        (90.01, True, "refused"),
    ],
)
def test_an_older_concern_wants_to_be_told_what_has_changed(
    days: float, changed: bool | None, outcome: str
) -> None:
    assert still_current(days, changed=changed) == outcome


@pytest.mark.parametrize("purpose", ["S47", "CP_REVIEW"])
def test_an_open_case_keeps_its_concerns_current(purpose: str) -> None:
    assert still_current(900, changed=None, purpose=purpose) == "passed"


def test_a_concern_that_is_over_unlocks_nothing() -> None:
    assert verdict(told(live=False)) == ("refused", ("R04",))


def test_the_restricted_inbox_is_asked_about_what_it_was_told() -> None:
    assert verdict(told(inbox="restricted"), inbox="restricted") == ("passed", ())
    back = told(issuer=HOLDER, audience=ASKER, inbox="mash")
    assert verdict(back) == ("passed", ())
    assert verdict(back, inbox="restricted") == ("refused", ("R10",))


def test_a_child_token_is_all_that_the_gateway_compares() -> None:
    mine = child_tokens(Person(nhs_number="9990001014"), [bytes(32)], bytes(32))
    both = child_tokens(Person(nhs_number="9990001014", upn="N999400015001"), [bytes(32)], bytes(32))

    concern = a_concern().model_copy(update={"child": tuple(both)})
    request = ask(told(codes=concern))

    assert tuple(mine) == request.codes.child
    assert judge_request(request, a_policy()).outcome is Outcome.PASSED


# ---- What only the gateway knows: approvals and debts ---------------------------------------------------

AUTHOR, ANOTHER = ActorToken("A" * 22), ActorToken("Q" * 22)


def sensitive(**around: Any) -> Ask:
    asking = ask(told(), request={"lines": [a_line(category="POLICE_INTEL")]}, **around)
    return replace(asking, codes=asking.codes.model_copy(update={"actor": AUTHOR}))


def test_an_approval_by_somebody_else_lets_a_held_request_go_on() -> None:
    assert judge_request(sensitive(), a_policy()).outcome is Outcome.HELD
    assert judge_request(sensitive(second=ANOTHER), a_policy()).outcome is Outcome.PASSED


def test_nobody_approves_or_countersigns_their_own_request() -> None:
    own = sensitive(second=AUTHOR)
    countersigned = replace(own, codes=own.codes.model_copy(update={"countersigned": AUTHOR}))

    assert judge_request(own, a_policy()).outcome is Outcome.HELD
    assert judge_request(countersigned, a_policy()).outcome is Outcome.HELD


EMERGENCY: dict[str, Any] = {
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "danger_line": "Baby not breathing, head bruise",
    "lines": [a_line(category="KNOWN_YN", months=1)],
}


def test_an_overdue_debt_marks_the_next_emergency_and_never_blocks_it() -> None:
    judgement = judge_request(ask(cites=(), request=EMERGENCY, overdue_debts=2), a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R09",))
    assert "2" in [violation.hint for violation in judgement.violations]


def test_an_emergency_that_attests_no_danger_line_is_refused() -> None:
    asking = ask(cites=(), request=EMERGENCY)
    silent = replace(asking, codes=asking.codes.model_copy(update={"checks": None}))

    assert judge_request(silent, a_policy()).rules == ("R01", "R05", "R07", "R09", "R13")


def test_a_request_that_attests_nothing_is_refused_under_every_rule_of_the_nodes() -> None:
    asking = ask(told())
    silent = replace(asking, codes=asking.codes.model_copy(update={"checks": None}))

    assert judge_request(silent, a_policy()).rules == ("R02", "R03", "R05", "R07", "R09", "R12", "R13")


def test_somebody_may_act_for_a_body_that_holds_the_power() -> None:
    by_itself = judge_request(ask(told(), issuer_kind="EARLY_HELP"), a_policy())
    for_social_care = judge_request(ask(told(), issuer_kind="EARLY_HELP", acting_for_kind="CSC"), a_policy())

    assert (by_itself.rules, for_social_care.rules) == (("R08",), ())
