"""Who takes part: kinds of agency, and how far a person is trained. Source: domain 2.1 and 2.14."""

from __future__ import annotations

from candour_protocol.codes.coded import Coded


class AgencyKind(Coded):
    """``maps_to`` is the referral source of the children-in-need census."""

    CSC = "CSC", "Children's social care", "Including the emergency duty team out of hours", "5A"
    MACPT = "MACPT", "Multi-agency child protection team", "", "5A"
    MASH = "MASH", "Multi-agency safeguarding hub", "A role of an agency's inbox, seldom an agency", "5A"
    LADO = (
        "LADO",
        "Local authority designated officer",
        "Allegations against people who work with children",
        "5B",
    )
    EARLY_HELP = "EARLY_HELP", "Family help or early help", "", "5B"
    LA_EDU = "LA_EDU", "Council education services", "Education welfare, EHE/CME, SEND, virtual school", "2B"
    YJS = "YJS", "Youth justice service", "", "5B"
    SCHOOL = "SCHOOL", "School", "The designated safeguarding lead's inbox", "2A"
    COLLEGE = "COLLEGE", "College", "The designated safeguarding lead's inbox", "2A"
    EARLY_YEARS = "EARLY_YEARS", "Nursery or other early-years setting", "", "2B"
    GP = "GP", "General practice", "The practice's safeguarding lead", "3A"
    HEALTH_VISITING = "HEALTH_VISITING", "Health visiting", "0 to 5 service", "3B"
    SCHOOL_NURSING = "SCHOOL_NURSING", "School nursing", "5 to 19 service", "3C"
    ED_ACUTE = "ED_ACUTE", "Emergency department and acute wards", "", "3E"
    AMBULANCE = "AMBULANCE", "Ambulance service", "", "3F"
    MIDWIFERY = "MIDWIFERY", "Midwifery", "", "3D"
    CAMHS = "CAMHS", "Child and adolescent mental health service", "", "3D"
    ADULT_MH = "ADULT_MH", "Adult mental health service", "", "3F"
    COMM_PAEDS = "COMM_PAEDS", "Community paediatrics", "", "3D"
    SARC_SEXUAL_HEALTH = (
        "SARC_SEXUAL_HEALTH",
        "Sexual assault referral centre or sexual health service",
        "",
        "3F",
    )
    SUBSTANCE_USE = "SUBSTANCE_USE", "Substance use service", "", "3F"
    DENTAL = "DENTAL", "Dental practice", "", "3F"
    PHARMACY = "PHARMACY", "Pharmacy", "", "3F"
    ICB = "ICB", "Integrated care board", "", "3F"
    HOUSING = "HOUSING", "Housing", "Council housing or registered provider", "4"
    ADULT_SC = "ADULT_SC", "Adult social care", "", "5A"
    OTHER_LA = "OTHER_LA", "Another authority's children's services", "", "5C"
    POLICE = "POLICE", "Police", "Public protection or referral unit of the force", "6"
    PROBATION = "PROBATION", "Probation", "", "7"
    PRISON = "PRISON", "Prison", "", "7"
    CAFCASS = "CAFCASS", "Cafcass", "", "7"
    COURTS = "COURTS", "Courts", "", "7"
    DA_SERVICE = "DA_SERVICE", "Domestic abuse service", "", "8"
    VCSE = "VCSE", "Charity or community organisation", "", "8"
    FAITH = "FAITH", "Faith organisation", "", "8"
    SPORT = "SPORT", "Sports organisation", "", "8"
    DWP = "DWP", "Department for Work and Pensions", "", "8"
    UKVI = "UKVI", "UK Visas and Immigration", "", "8"


class TrainingLevel(Coded):
    """Shown with each author; it gates requests and refusals, never concerns."""

    IC1 = "IC1", "Level 1", "All staff"
    IC2 = "IC2", "Level 2", "Staff with some contact with children or families"
    IC3 = "IC3", "Level 3", "Clinical staff who contribute to assessments"
    IC4 = "IC4", "Level 4", "Named professional"
    IC5 = "IC5", "Level 5", "Designated professional"
    BOARD = "BOARD", "Board level"
    DSL = "DSL", "Designated safeguarding lead"
    DDSL = "DDSL", "Deputy designated safeguarding lead"
    DSP = "DSP", "Designated safeguarding person", "Wales"
    LADO = "LADO", "Local authority designated officer"
    SW_QUALIFIED = "SW_QUALIFIED", "Qualified social worker"
    POLICE_PPU = "POLICE_PPU", "Police public protection"
