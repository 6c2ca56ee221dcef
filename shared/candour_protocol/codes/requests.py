"""What a request relies on, and what it may ask for. Source: domain 2.5, 2.7 and 2.8."""

from __future__ import annotations

from datetime import date

from candour_protocol.codes.coded import Coded


class LawfulBasis(Coded):
    """UK GDPR Article 6, or DPA 2018 Part 3."""

    A6_E = "A6_E", "Public task"
    A6_C = "A6_C", "Legal obligation", "s16LA, s47, s16H, court order"
    A6_D = "A6_D", "Vital interests"
    A6_EA = (
        "A6_EA",
        "Recognised legitimate interest",
        "Safeguarding, emergencies, crime, or a public body's stated need",
        "",
        date(2026, 2, 5),
    )
    A6_F = "A6_F", "Legitimate interests"
    A6_A = "A6_A", "Consent", "Rarely right in safeguarding"
    LE_P3 = "LE_P3", "Law enforcement", "DPA 2018 Part 3"


class SpecialCategory(Coded):
    """UK GDPR Article 9 condition."""

    A9_G18 = (
        "A9_G18",
        "Substantial public interest: safeguarding of children",
        "DPA 2018 schedule 1 paragraph 18",
    )
    A9_C = "A9_C", "Vital interests"
    A9_H = "A9_H", "Health or social care"
    A9_F = "A9_F", "Legal claims or courts"
    NONE = "NONE", "No special category data"


class Power(Coded):
    """The power to ask. Who holds which stands in the policy's legal table."""

    CA89_S17 = "CA89_S17", "Children Act 1989 section 17", "Child in need"
    CA89_S27 = "CA89_S27", "Children Act 1989 section 27", "Help from other authorities"
    CA89_S47 = "CA89_S47", "Children Act 1989 section 47", "Duty to enquire"
    CA04_S10 = "CA04_S10", "Children Act 2004 section 10", "Co-operation"
    CA04_S11 = "CA04_S11", "Children Act 2004 section 11", "Duty to safeguard"
    CA04_S16E = "CA04_S16E", "Children Act 2004 section 16E", "Local safeguarding arrangements"
    CA04_S16H = "CA04_S16H", "Children Act 2004 section 16H", "Safeguarding partners may require information"
    CA04_S16LA = "CA04_S16LA", "Children Act 2004 section 16LA", "Duty to share"
    CDA98_S115 = "CDA98_S115", "Crime and Disorder Act 1998 section 115"
    SSWBA_S130 = "SSWBA_S130", "Social Services and Well-being (Wales) Act 2014 section 130", "Duty to report"
    SSWBA_S164 = "SSWBA_S164", "Social Services and Well-being (Wales) Act 2014 section 164", "Co-operation"
    CSA95_S21 = "CSA95_S21", "Children (Scotland) Act 1995 section 21", "Co-operation between authorities"
    CHSA11_S60 = (
        "CHSA11_S60",
        "Children's Hearings (Scotland) Act 2011 section 60",
        "Information for the Principal Reporter",
    )
    CNIO95_A46 = "CNIO95_A46", "Children (Northern Ireland) Order 1995 article 46", "Co-operation"
    CNIO95_A66 = "CNIO95_A66", "Children (Northern Ireland) Order 1995 article 66", "Duty to investigate"
    CLANI67_S5 = "CLANI67_S5", "Criminal Law Act (Northern Ireland) 1967 section 5", "Duty to report offences"
    COMMON_LAW = "COMMON_LAW", "Common law"


class Purpose(Coded):
    """What the answer is for. Research, immigration enforcement and commissioning are no purposes here."""

    TRIAGE = "TRIAGE", "Triage", "Checks by a safeguarding hub"
    S17_ASSESS = "S17_ASSESS", "Child in need assessment"
    S47 = "S47", "Child protection enquiry"
    STRATEGY = "STRATEGY", "Strategy discussion"
    EARLY_HELP = "EARLY_HELP", "Early help"
    DIRECT_CARE = "DIRECT_CARE", "Direct care"
    PREBIRTH = "PREBIRTH", "Pre-birth assessment"
    LADO = "LADO", "Allegation against a person in a position of trust"
    MISSING = "MISSING", "Missing child"
    EHE_CHECK = "EHE_CHECK", "Check on home education"
    CP_REVIEW = "CP_REVIEW", "Child protection review"
    CRIME_PREVENT = "CRIME_PREVENT", "Prevention of crime"
    COURT_ORDER = "COURT_ORDER", "Court order"
    CSPR = "CSPR", "Child safeguarding practice review"
    TRANSFER_IN = "TRANSFER_IN", "Transfer into the area"
    EMERGENCY_SAFETY = "EMERGENCY_SAFETY", "Life or limb now", "Open to every kind of agency"


class InfoCategory(Coded):
    """What may be asked. How freely, for which concern, is the need-to-know matrix of the policy."""

    KNOWN_YN = "KNOWN_YN", "Known or not", "Known or not known, last seen, lead professional"
    DEMOG_HOUSEHOLD = "DEMOG_HOUSEHOLD", "Household", "Address, household, responsibility, aliases, moves"
    EDU_ATTEND = "EDU_ATTEND", "Attendance at school", "Attendance, exclusions, roll changes"
    EDU_PRESENT = "EDU_PRESENT", "Presentation at school", "Presentation, change of behaviour, DSL log"
    HEALTH_ATTEND = "HEALTH_ATTEND", "Health contacts", "ED, GP and HV contacts, was not brought, injuries"
    HEALTH_DEV = "HEALTH_DEV", "Health and development", "Growth, development, immunisations"
    HEALTH_MH_CHILD = (
        "HEALTH_MH_CHILD",
        "Child's mental health",
        "Risk summary; usually with a second sign-off",
    )
    HEALTH_MH_ADULT = (
        "HEALTH_MH_ADULT",
        "Adult's mental health",
        "Risk summary; usually with a second sign-off",
    )
    HEALTH_SUBST = "HEALTH_SUBST", "Substance use", "Risk summary; usually with a second sign-off"
    HEALTH_SEXUAL = (
        "HEALTH_SEXUAL",
        "Sexual health",
        "Sexual health and pregnancy; always with a second sign-off",
    )
    MATERNITY = "MATERNITY", "Maternity", "Booking, risks to the unborn child"
    CSC_HISTORY = "CSC_HISTORY", "Social care history", "Referrals, plans, looked-after, outcomes"
    POLICE_INCID = "POLICE_INCID", "Police incidents", "Incidents at the address, domestic abuse calls"
    POLICE_CONV = "POLICE_CONV", "Convictions, bail and orders", "Usually with a second sign-off"
    POLICE_INTEL = "POLICE_INTEL", "Police intelligence", "Always with a second sign-off"
    PROB_RISK = (
        "PROB_RISK",
        "Probation risk",
        "OASys risk, licence, MAPPA level; usually with a second sign-off",
    )
    HOUSING_TEN = "HOUSING_TEN", "Tenancy", "Tenancy, antisocial behaviour, conditions, overcrowding"
    DA_RISK = "DA_RISK", "Domestic abuse risk", "DASH and MARAC summary; never to the perpetrator's household"
    IMMIG = (
        "IMMIG",
        "Immigration status",
        "Status and recourse to public funds; usually with a second sign-off",
    )
    FULL_RECORD = "FULL_RECORD", "Whole file", "Never by request; court order or practice review only"
