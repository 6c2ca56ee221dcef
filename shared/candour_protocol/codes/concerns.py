"""What a concern is made of. Source: domain 2.2, 2.3, 2.4, 2.6, 2.9, 2.10 and 2.13; section 1 for s16LC."""

from __future__ import annotations

from candour_protocol.codes.coded import Coded


class ConcernCategory(Coded):
    """``maps_to`` is the factor at assessment of the children-in-need census."""

    NEGLECT = "NEGLECT", "Neglect", "", "16A"
    EMOTIONAL = "EMOTIONAL", "Emotional abuse", "", "17A"
    PHYSICAL_ADULT = "PHYSICAL_ADULT", "Physical abuse by an adult", "", "18C"
    PHYSICAL_CHILD = "PHYSICAL_CHILD", "Physical abuse by a child", "", "18B"
    SEXUAL_ADULT = "SEXUAL_ADULT", "Sexual abuse by an adult", "", "19C"
    SEXUAL_CHILD = "SEXUAL_CHILD", "Harmful sexual behaviour by a child", "", "19B"
    DOMESTIC_ABUSE = (
        "DOMESTIC_ABUSE",
        "Domestic abuse",
        "The child as victim in their own right, a parent, or another person",
        "3A,3B,3C",
    )
    CSE = "CSE", "Child sexual exploitation", "", "11A"
    CCE = "CCE", "Child criminal exploitation", "Including county lines", "24A"
    GANGS = "GANGS", "Gangs", "", "13A"
    TRAFFICKING = "TRAFFICKING", "Trafficking", "", "12A"
    FGM = "FGM", "Female genital mutilation", "", "22A"
    FAITH_BELIEF = "FAITH_BELIEF", "Abuse linked to faith or belief", "", "23A"
    HBA_FM = "HBA_FM", "Honour-based abuse or forced marriage", "", "20"
    ONLINE = "ONLINE", "Online harm", "", "20"
    RADICALISATION = "RADICALISATION", "Radicalisation", "Prevent", "20"
    MISSING = "MISSING", "Missing from home, care or education", "", "10A"
    PARENT_SUBSTANCE = "PARENT_SUBSTANCE", "Alcohol or drug use by a parent or carer", "", "1B,2B"
    CHILD_SUBSTANCE = "CHILD_SUBSTANCE", "Alcohol or drug use by the child", "", "1A,2A"
    PARENT_MH = "PARENT_MH", "Mental health of a parent or carer", "", "4B"
    CHILD_MH = "CHILD_MH", "Mental health of the child", "", "4A"
    SELF_HARM = "SELF_HARM", "Self-harm", "", "15A"
    PARENT_LD_DIS = "PARENT_LD_DIS", "Learning difficulty or disability of a parent or carer", "", "5B,6B"
    CHILD_DIS = "CHILD_DIS", "Disability of the child", "", "5A,6A"
    YOUNG_CARER = "YOUNG_CARER", "Young carer", "", "7A"
    PRIVATE_FOSTERING = "PRIVATE_FOSTERING", "Private fostering", "", "8B,8C,8D,8E,8F"
    UASC = "UASC", "Unaccompanied asylum-seeking child", "", "9A"
    PERPLEXING_FII = (
        "PERPLEXING_FII",
        "Perplexing presentations, fabricated or induced illness",
        "Marked not to be shared with the family unless somebody decides otherwise",
        "20",
    )
    PREBIRTH = "PREBIRTH", "Unborn child", "", "20"
    UNEXPLAINED_INJURY = "UNEXPLAINED_INJURY", "Unexplained injury", "", "18C,20"
    NON_MOBILE_BRUISE = "NON_MOBILE_BRUISE", "Bruise or injury in a baby who cannot move about", "", "18C,20"
    OUT_OF_SIGHT = (
        "OUT_OF_SIGHT",
        "Withdrawn from view",
        "Home education after a concern, was not brought, no access to the home",
        "20",
    )
    STAFF_ALLEGATION = (
        "STAFF_ALLEGATION",
        "Allegation against a person in a position of trust",
        "Goes to the local authority designated officer",
    )
    UNSURE = "UNSURE", "Unsure", "Something is wrong: legitimate, and the narrative must carry it"


class NeedLevel(Coded):
    """Four levels, as in the London continuum; some areas differ."""

    L1 = "L1", "Level 1: universal"
    L2 = "L2", "Level 2: additional needs, early help"
    L3 = "L3", "Level 3: complex or targeted", "Child in need, section 17"
    L4 = "L4", "Level 4: protection", "Significant harm, section 47"


class Urgency(Coded):
    """The clocks of each stand in the policy."""

    EMERGENCY = "EMERGENCY", "Emergency", "Immediate danger to life or limb; 999 called"
    RED = "RED", "Red", "Likely significant harm now"
    AMBER = "AMBER", "Amber", "Significant concern, no immediate action"
    GREEN = "GREEN", "Green", "Below the statutory threshold"
    BLUE = "BLUE", "Blue", "Universal; its clocks are those of green"


class ConsentPosition(Coded):
    """What the family was told. It is no lawful basis, and agreement to a service is another thing."""

    INFORMED_AGREED = "INFORMED_AGREED", "Told, and agreed"
    INFORMED_OBJECTED_OVERRIDDEN = "INFORMED_OBJECTED_OVERRIDDEN", "Told, objected, shared all the same"
    NOT_INFORMED = "NOT_INFORMED", "Not told"


class NotInformedReason(Coded):
    """Why the family was not told, or not heeded: the limbs of DPA 2018 schedule 1 paragraph 18."""

    RISK_TO_CHILD = "RISK_TO_CHILD", "Telling them would put the child at risk"
    RISK_TO_OTHER = "RISK_TO_OTHER", "Telling them would put somebody else at risk"
    PREJUDICE_CRIME = "PREJUDICE_CRIME", "Telling them would prejudice the prevention or detection of crime"
    DELAY = "DELAY", "Telling them would cause unreasonable delay"
    CANNOT_CONTACT = "CANNOT_CONTACT", "They cannot be reached"
    CANNOT_GIVE = "CANNOT_GIVE", "They cannot agree or object"
    STATED = "STATED", "Stated in words", "The words stand in the sealed part"


class OriginalSource(Coded):
    """Who first raised it, where an agency tells what somebody came to it with.

    Kept apart from the agency, so that the worry of a family or a neighbour stays visible as theirs. The
    codes of the census were verified; what each stands for is from memory.
    """

    FAMILY = "FAMILY", "A relative or carer", "A parent, grandparent, brother or sister, foster carer", "1A"
    ACQUAINTANCE = "ACQUAINTANCE", "Somebody who knows them", "A neighbour, a friend, a childminder", "1B"
    SELF = "SELF", "The child", "", "1C"
    OTHER_PERSON = "OTHER_PERSON", "Another person", "A stranger, a member of parliament", "1D"
    UNKNOWN_PERSON = "UNKNOWN_PERSON", "It is not known who", "", "9"
    ANONYMOUS = "ANONYMOUS", "Somebody who did not give their name", "", "10"


class ChildViewCode(Coded):
    """Whether the child was asked."""

    SOUGHT = "SOUGHT", "The child's view was sought", "In the child's own words"
    NOT_SOUGHT = "NOT_SOUGHT", "The child's view was not sought", "With the reason"
    PRE_VERBAL = "PRE_VERBAL", "The child does not speak yet"
    UNBORN = "UNBORN", "The child is not born yet"


class SubjectRole(Coded):
    """What a person is to the child."""

    SUBJECT_CHILD = "SUBJECT_CHILD", "The child"
    UNBORN = "UNBORN", "The unborn child"
    SIBLING_SAME_HH = "SIBLING_SAME_HH", "Brother or sister in the same household"
    SIBLING_OTHER = "SIBLING_OTHER", "Brother or sister living elsewhere"
    OTHER_CHILD_SAME_RISK = "OTHER_CHILD_SAME_RISK", "Another child at the same risk"
    PARENT_PR = "PARENT_PR", "Parent with parental responsibility"
    CARER = "CARER", "Carer"
    PARTNER_OF_PARENT = "PARTNER_OF_PARENT", "Partner of a parent"
    ALLEGED_RISK = "ALLEGED_RISK", "Person alleged to be a risk"
    ALLEGED_RISK_POT = "ALLEGED_RISK_POT", "Person in a position of trust alleged to be a risk"
    PROTECTIVE_ADULT = "PROTECTIVE_ADULT", "Protective adult"
    REFERRER_PUBLIC = "REFERRER_PUBLIC", "Member of the public who raised it", "Identity protected"
    WITNESS = "WITNESS", "Witness"
    PROFESSIONAL = "PROFESSIONAL", "Professional"


class Relationship(Coded):
    """What a person is to the child by blood, marriage or neighbourhood, in the codes of HL7 v3 RoleCode.

    From memory; words of one's own are shown as they stand.
    """

    MTH = "MTH", "Mother"
    FTH = "FTH", "Father"
    STPMTH = "STPMTH", "Stepmother"
    STPFTH = "STPFTH", "Stepfather"
    MTHFOST = "MTHFOST", "Foster mother"
    FTHFOST = "FTHFOST", "Foster father"
    ADOPTM = "ADOPTM", "Adoptive mother"
    ADOPTF = "ADOPTF", "Adoptive father"
    SIB = "SIB", "Brother or sister"
    HSIB = "HSIB", "Half-brother or half-sister"
    STPSIB = "STPSIB", "Stepbrother or stepsister"
    GRPRNT = "GRPRNT", "Grandparent"
    AUNT = "AUNT", "Aunt"
    UNCLE = "UNCLE", "Uncle"
    COUSN = "COUSN", "Cousin"
    NBOR = "NBOR", "Neighbour"
    FRND = "FRND", "Friend"
    EXT = "EXT", "Other relative"


class ParentalResponsibility(Coded):
    """Whether somebody has it. Source: Children Act 1989, section 3."""

    Y = "Y", "Has parental responsibility"
    N = "N", "Has no parental responsibility"
    UNKNOWN = "UNKNOWN", "It is not known"


class ContactLevel(Coded):
    """How much somebody sees of the child."""

    LIVES_WITH = "LIVES_WITH", "Lives with the child"
    REGULAR = "REGULAR", "Sees the child regularly"
    OCCASIONAL = "OCCASIONAL", "Sees the child now and then"
    NONE = "NONE", "Does not see the child"
    UNKNOWN = "UNKNOWN", "It is not known"


class AssertionBasis(Coded):
    """Fact or opinion: every line of a narrative says which."""

    OBSERVED = "OBSERVED", "Seen or heard by the author"
    CHILD_SAID = "CHILD_SAID", "Said by the child", "Verbatim, no leading questions"
    PARENT_SAID = "PARENT_SAID", "Said by a parent or carer"
    THIRD_PARTY_SAID = "THIRD_PARTY_SAID", "Said by somebody else"
    RECORD = "RECORD", "From a record"
    MEASURED = "MEASURED", "Measured"
    PROFESSIONAL_OPINION = "PROFESSIONAL_OPINION", "Professional opinion"
    INFERENCE = "INFERENCE", "Inference"


class HandlingMark(Coded):
    """How a statement must be handled. Marks travel with it and only grow."""

    NOT_FAMILY = "NOT_FAMILY", "Not to be shared with the family"
    NOT_NAMED_PERSON = "NOT_NAMED_PERSON", "Not to reach a named person"
    REFERRER_PROTECTED = "REFERRER_PROTECTED", "The referrer's identity is protected"
    ADDRESS_PROTECTED = "ADDRESS_PROTECTED", "The address is protected", "For instance a refuge"
    SAFETY_RISK_STAFF = "SAFETY_RISK_STAFF", "Risk to staff", "Do not visit alone"
    POLICE_ORIGINATOR_CONTROL = "POLICE_ORIGINATOR_CONTROL", "Ask the police before any onward use"
    LADO_ONLY = "LADO_ONLY", "For the local authority designated officer only"
    ADOPTION_IDENTITY = "ADOPTION_IDENTITY", "Old and new identity must not be linked"
    SEXUAL_HEALTH_SENSITIVE = "SEXUAL_HEALTH_SENSITIVE", "Sensitive sexual health information"
    COURT_REPORTING = "COURT_REPORTING", "Reporting restrictions"
    LEGAL_HOLD = "LEGAL_HOLD", "Legal hold", "Not to be deleted"
    NO_ONWARD = "NO_ONWARD", "Not to be passed on"


class IdentifierAbsent(Coded):
    """Why a child's identifier is not given (Children Act 2004 s16LC)."""

    UNKNOWN_DELAY = "UNKNOWN_DELAY", "Not known, and finding it out would delay"
    DETRIMENT = "DETRIMENT", "Giving it would be more detrimental to the child"
    NONE_ISSUED = "NONE_ISSUED", "None has been issued"
    UNBORN = "UNBORN", "The child is not born yet"


class WithholdingReason(Coded):
    """Why a concern is lodged with somebody else than its holder's ordinary inbox (R10)."""

    STAFF_ALLEGATION = "STAFF_ALLEGATION", "Allegation against the holder's staff"
    POLICE_PREJUDICE = "POLICE_PREJUDICE", "It would prejudice a police operation"
    DETRIMENT_16LA3 = "DETRIMENT_16LA3", "More detrimental to the child (s16LA(3))"
    RISK_TO_PERSON = "RISK_TO_PERSON", "It would put a person at risk"
    COURT = "COURT", "A court has ordered it"
