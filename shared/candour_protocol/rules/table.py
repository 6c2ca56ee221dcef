"""The rules for people: what each says, why it exists, how to mend what does not. Source: domain 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from candour_protocol.kinds import Kind
from candour_protocol.rules import examples
from candour_protocol.rules.examples import Example


class Place(StrEnum):
    """Where a rule runs. An auditor runs every one of the gateway's again, offline."""

    SENDER = "sender's node"
    GATEWAY = "gateway"
    RECIPIENT = "recipient's node"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of reciprocity.

    Attributes:
        severity: what happens to a statement that does not meet it, in words.
        fix: what its author can do.
        passing, failing: a case that meets it and one that does not, as data; none before it is in force.
            An emergency that meets R09 is marked with it all the same.
    """

    id: str
    title: str
    statement: str
    why: str
    severity: str
    fix: str
    kinds: tuple[Kind, ...]
    runs_at: tuple[Place, ...]
    passing: Example | None = None
    failing: Example | None = None
    in_force: bool = True


_LOG = (Place.GATEWAY, Place.AUDITOR)
_EVERYWHERE = (Place.SENDER, Place.GATEWAY, Place.RECIPIENT, Place.AUDITOR)

RULES: tuple[Rule, ...] = (
    Rule(
        id="R01",
        title="Concern first",
        statement="You may ask only if you have told the same holder why you are worried.",
        why="In 2005 it was proposed that health staff could ask others for more without having to say what "
        "worried them. A holder cannot judge blind what to share: section 16LA of the Children Act 2004 "
        "asks it to weigh relevance and detriment, and the GMC tells doctors to understand why they are "
        "asked.",
        severity="a request is returned",
        fix="Say what worries you first: tell the holder a concern and cite it, or use an emergency request "
        "if life is at risk.",
        kinds=(Kind.REQUEST,),
        runs_at=_LOG,
        passing=examples.R01_PASSING,
        failing=examples.R01_FAILING,
    ),
    Rule(
        id="R02",
        title="The concern has substance",
        statement="A concern says what was seen, heard or recorded, when, and on what basis. One dated fact "
        "is enough.",
        why="Phrases such as 'confidential' or 'as discussed' would unlock somebody else's file and give "
        "its holder nothing to judge by. The 2022 review of the deaths of Arthur Labinjo-Hughes and "
        "Star Hobson found photographs of bruises that were never passed on. It is a screen and no "
        "proof: the holder decides.",
        severity="a concern is delivered and marked, a request that rests on it is returned",
        fix="Say what was seen or heard, when, and by whom. One dated fact of eight words is enough.",
        kinds=(Kind.CONCERN, Kind.REQUEST),
        runs_at=_EVERYWHERE,
        passing=examples.R02_PASSING,
        failing=examples.R02_FAILING,
    ),
    Rule(
        id="R03",
        title="Category and narrative go together",
        statement="A concern has at least one category that is known, and a narrative that says more than "
        "its name. 'Unsure' is a category.",
        why="A tick-box alone tells nobody what happened, and a narrative without a category is found by "
        "nobody who looks for its kind. Victoria Climbié was known to a dozen services; Laming found "
        "that the most basic step by any of them would have mattered, and a bare label prompts none.",
        severity="a concern is delivered and marked, a request that rests on a mere category is returned",
        fix="Pick the nearest category, or UNSURE, and describe what happened in your own words.",
        kinds=(Kind.CONCERN, Kind.REQUEST),
        runs_at=_EVERYWHERE,
        passing=examples.R03_PASSING,
        failing=examples.R03_FAILING,
    ),
    Rule(
        id="R04",
        title="Same child, live concern",
        statement="The concern that you cite is about the child that you ask about, and is still current: "
        "told in the last 28 days, or in the last 90 with what has changed.",
        why="A worry about one child is no key to another child's file, and an old one does not stay a "
        "reason for ever. Bichard's inquiry shows the other side: a pattern needs old facts, so an open "
        "case keeps its concerns current.",
        severity="a request is returned",
        fix="Cite a concern about this child, add what has changed since, or raise a new concern.",
        kinds=(Kind.REQUEST,),
        runs_at=(*_LOG, Place.RECIPIENT),
        passing=examples.R04_PASSING,
        failing=examples.R04_FAILING,
    ),
    Rule(
        id="R05",
        title="No wider than the concern",
        statement="Each line names what is asked, for how many months back, and why. What is not normally "
        "needed for such a concern wants a second signature at both ends, and some of it a stated "
        "exception too. A whole file is never asked for.",
        why="The GMC asks doctors to share what is relevant, 'not usually complete records'; in Christian "
        "Institute v Lord Advocate (2016) sharing without such bounds was struck down as "
        "disproportionate.",
        severity="a request is returned; for a missing second signature it waits for one",
        fix="For each line give a period within the limit, and say in six words or more which decision it "
        "informs; or drop the line.",
        kinds=(Kind.REQUEST,),
        runs_at=_EVERYWHERE,
        passing=examples.R05_PASSING,
        failing=examples.R05_FAILING,
    ),
    Rule(
        id="R06",
        title="No fishing",
        statement="One concern supports a limited round of questions: within four weeks one request to a "
        "holder and two that follow it up, forty lines, and six holders. A new fact opens a new round. "
        "Whoever is late in telling a holder what came of its answer asks nothing there on the same concern "
        "that can wait. Where a policy names adults, both leads hear of whoever asks about one adult with "
        "three unrelated children within four weeks; nothing waits for that.",
        why="A single anonymous call must not become a licence to ask everybody about a neighbour. A check "
        "of many holders at once, for triage, a strategy discussion or section 47, is one round. Reciprocity "
        "runs both ways: who answers is to learn whether it helped.",
        severity="a request waits for a second person",
        fix="Add what is new, or ask your manager to approve.",
        kinds=(Kind.REQUEST,),
        runs_at=_LOG,
        passing=examples.R06_PASSING,
        failing=examples.R06_FAILING,
    ),
    Rule(
        id="R07",
        title="A real, accountable asker",
        statement="A named person asks, trained for it or countersigned by somebody else, whose agency can "
        "be called back on the directory's number. Whoever has an interest of their own, such as being the "
        "parent's employer or relative, declares it, and does not ask alone.",
        why="The GMC tells doctors to check that a request is genuine before they share. A team, an inbox "
        "or 'the clinic' can neither be called back nor asked afterwards.",
        severity="a request is returned; one by somebody with an interest waits for a second person",
        fix="Give your own name and training level, or have a second person countersign.",
        kinds=(Kind.REQUEST,),
        runs_at=_EVERYWHERE,
        passing=examples.R07_PASSING,
        failing=examples.R07_FAILING,
    ),
    Rule(
        id="R08",
        title="Purpose, power, basis and openness",
        statement="A request names its purpose, the power and lawful basis that it relies on, and what the "
        "family was told; if they were not told, why not.",
        why="Since 2026 a request for a public task has to say so (UK GDPR Article 6(1)(ea)). The golden "
        "rules want openness with the family wherever it is safe. Powers belong to bodies, so this is "
        "the only rule that looks at what kind of agency asks.",
        severity="a request is returned; consent as the basis is marked; a family's objection to an "
        "assessment under section 17, below level 3, makes it wait for a second person",
        fix="Name purpose, power and basis, a condition of Article 9 for health or immigration matters, and "
        "what the family was told, with the reason if they were not.",
        kinds=(Kind.REQUEST,),
        runs_at=_LOG,
        passing=examples.R08_PASSING,
        failing=examples.R08_FAILING,
    ),
    Rule(
        id="R09",
        title="Emergency: borrow now, pay back",
        statement="If life is at risk you may ask first, in one line of danger, whether the child is known "
        "and who lives there; the whole concern is owed within four hours.",
        why="A paramedic with a baby who is not breathing cannot write a referral first. Every use is "
        "marked, and the debt is chased, so that the exception does not become the rule.",
        severity="an emergency request is marked; one that asks for more than safety is returned",
        fix="Say the danger in five words or more, ask for KNOWN_YN and DEMOG_HOUSEHOLD only, with the "
        "purpose EMERGENCY_SAFETY; or tell your concern first and cite it.",
        kinds=(Kind.REQUEST,),
        runs_at=_EVERYWHERE,
        passing=examples.R09_PASSING,
        failing=examples.R09_FAILING,
    ),
    Rule(
        id="R10",
        title="Protected concern: lodged, not hidden",
        statement="A concern that the holder's ordinary inbox must not see is lodged whole with somebody "
        "who can judge it, and the holder is told that much.",
        why="There are good reasons to keep a concern from an inbox: an allegation against its staff, a "
        "police operation. There is none to let an asker decide that alone; that was the two-tier route "
        "of 2005.",
        severity="a concern is delivered and marked; a request waits for the word of whoever holds it, and "
        "is returned where nobody does",
        fix="Lodge it with somebody who is neither you nor the holder, for a second opinion; say why, have "
        "it signed by a second person, and name the day of its review.",
        kinds=(Kind.CONCERN, Kind.REQUEST),
        runs_at=_LOG,
        passing=examples.R10_PASSING,
        failing=examples.R10_FAILING,
    ),
    Rule(
        id="R11",
        title="Every ask gets a reasoned answer",
        statement="Each line gets an outcome. What is not disclosed comes with a reason, what would change "
        "it, and who decided; 'nothing held' says where was searched. Whoever withholds a whole line is a "
        "named or designated professional, a designated safeguarding lead or deputy, a designated officer or "
        "a board member; anybody else has a second person countersign, such as their manager. 'The concern "
        "is too thin' needs none of this.",
        why="Golden rule 7: record your reasons whether you share or not, be ready to explain a refusal, "
        "and to think again. The Act as passed does not ask for a record of a decision not to share; "
        "the partnership does.",
        severity="an answer is returned; one whose reason is not enough on its own, or whose refusal "
        "somebody below that level signed alone, is delivered and marked",
        fix="Give each line an outcome; say in eight words or more why it is withheld, and what would "
        "change your mind.",
        kinds=(Kind.ANSWER,),
        runs_at=_EVERYWHERE,
        passing=examples.R11_PASSING,
        failing=examples.R11_FAILING,
    ),
    Rule(
        id="R12",
        title="One person, one reason",
        statement="Everybody whom you ask about is a particular person with a role, and with a reason of "
        "their own.",
        why="Siblings, partners and neighbours are not a job lot; 'all children at the address and their "
        "friends' describes nobody and exposes everybody.",
        severity="a request is returned",
        fix="Say who each person is, and in six words or more why information about this person is needed. "
        "For a sibling name the person alleged to be a risk to both, or tell a fact about the sibling.",
        kinds=(Kind.REQUEST,),
        runs_at=_EVERYWHERE,
        passing=examples.R12_PASSING,
        failing=examples.R12_FAILING,
    ),
    Rule(
        id="R13",
        title="The right child",
        statement="An identifier passes its check digit; without one, name, birth date and one thing more "
        "describe the child. A concern says why an identifier is missing.",
        why="Twins, typing errors and adopted children with new numbers: no match, no disclosure. Section "
        "16LC of the Children Act 2004 wants the identifier, or the reason for its absence.",
        severity="a concern is delivered and marked, a request is returned",
        fix="Check the number, or give name and birth date with an address, school, parent or phone; on a "
        "concern choose why there is no number.",
        kinds=(Kind.CONCERN, Kind.REQUEST),
        runs_at=_EVERYWHERE,
        passing=examples.R13_PASSING,
        failing=examples.R13_FAILING,
    ),
    Rule(
        id="R14",
        title="Corrections chase the copies",
        statement="Nothing is edited: a correction goes to everybody who has the statement, and each says "
        "that it is applied, or why it cannot be.",
        why="UK GDPR Article 19 wants every recipient told. Bichard's inquiry is why an unproven allegation "
        "is an outcome on the record and not an erasure.",
        severity="a request that rests on a corrected concern is returned; one that was sent before it waits",
        fix="Confirm that you have applied the correction, and cite what stands now.",
        kinds=(Kind.CORRECTION, Kind.CONCERN, Kind.REQUEST),
        runs_at=_LOG,
        passing=examples.R14_PASSING,
        failing=examples.R14_FAILING,
    ),
    Rule(
        id="R15",
        title="Marks, onward use, keeping",
        statement="What is passed on keeps its marks, and goes only where its originator and the marks "
        "allow; a copy of a copy is read as the original.",
        why="A protected address must not reach a perpetrator through a copy of a copy. Whoever received a "
        "mark cannot take it off.",
        severity="a relay is returned",
        fix="Ask the originator, or tell what you yourself know in your own words.",
        kinds=(Kind.CONCERN,),
        runs_at=_LOG,
        passing=examples.R15_PASSING,
        failing=examples.R15_FAILING,
    ),
)

BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}
