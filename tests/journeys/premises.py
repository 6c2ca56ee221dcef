"""An agency's keys as files, and the settings of the node that reads them."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from candour_agency.settings import Settings
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey

from tests.gateway.partnership import INBOXES, NET, ORIGIN, Partnership


def write_keys(
    partnership: Partnership, agency: AgencyId, secret: bytes, token: SigningKey | None = None
) -> Path:
    """The folder that they are in.

    Args:
        secret: the partnership's key of child tokens.
        token: signs what the node's callers show; an agency without a node has none.
    """
    party, folder = partnership.parties[agency], partnership.folder / agency
    folder.mkdir()
    signing = {"sign": party.sign, "client": party.client} | ({"token": token} if token else {})
    jwks = {name: key.private_jwk for name, key in signing.items()}
    jwks |= {f"seal-{inbox}": key.private_jwk for inbox, key in party.seal.items()}
    for name, jwk in jwks.items():
        (folder / f"{name}.jwk").write_text(json.dumps(jwk))
    (folder / "actor.key").write_bytes(secrets.token_bytes(32))
    (folder / "partnership.key").write_bytes(secret)
    return folder


def node_settings(
    partnership: Partnership, agency: AgencyId, log_vkey: str, database: Path | str | None = None
) -> Settings:
    """A node's settings, on the keys that were written; a file beside them unless a database is given."""
    folder, common = partnership.folder / agency, partnership.settings()
    return Settings(
        agency=agency,
        net=NET,
        database=database or folder / "node.db",
        sign_key=folder / "sign.jwk",
        client_key=folder / "client.jwk",
        token_key=folder / "token.jwk",
        seal_keys={inbox: (folder / f"seal-{inbox}.jwk",) for inbox in INBOXES},
        actor_key=folder / "actor.key",
        partnership_keys=(folder / "partnership.key",),
        policy=common.policy,
        transport="embedded:///unused",
        gateway_url="http://gateway",
        log_vkey=log_vkey,
        log_origin=ORIGIN,
        registrar=common.registrar,
    )
