"""What two parties of a partnership must agree on byte for byte, and the partners' toolkit.

Import what you need by its noun; this package itself stays empty, so that a verifier does not load a courier.

    ====================================  =================================================================
    to                                    use
    ====================================  =================================================================
    make, read and check a message        ``statement`` ``disclosures`` ``sealing`` ``wire`` ``strict_json``
    know kinds, codes and people's words  ``kinds`` ``codes`` ``wording``
    know the rules and their numbers      ``rules`` ``policy``
    name children, people and parties     ``children`` ``actors`` ``identifiers`` ``ids``
    hold and trust keys                   ``keys`` ``registry`` ``registry_facts`` ``profiles``
    prove what was logged                 ``receipt`` ``checkpoint`` ``merkle`` ``tiles`` ``audit``
    call a node or the gateway            ``client`` ``tokens``
    carry messages                        ``transport``
    work from a terminal                  ``cli`` (the command ``candour``)
    ====================================  =================================================================

Everything that can go wrong on purpose is in ``errors``.
"""
