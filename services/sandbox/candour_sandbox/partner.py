"""``partner.json``: all that an agency without a node needs, to speak to RabbitMQ itself."""

from __future__ import annotations

import json

from candour_protocol.ids import GENERAL, RESTRICTED

from candour_sandbox import cast, durable
from candour_sandbox.estate import Estate


def write(estate: Estate, agency: str, courier: str, gateway_url: str) -> None:
    """Write it for its owner's eyes only: the courier's address holds a password."""
    own, verifier = estate.agency(agency), estate.log_verifier()
    content = {
        "agency": agency,
        "net": cast.NET,
        "amqp": courier,
        "keys": {
            "sign": str(own.sign_key.absolute()),
            "client": str(own.client_key.absolute()),
            "actor": str(own.actor_key.absolute()),
            "seal": {inbox: str(own.seal_key(inbox).absolute()) for inbox in (GENERAL, RESTRICTED)},
        },
        "partnership_keys": [str(estate.partnership_key.absolute())],
        "gateway": {"url": gateway_url},
        "log": {"origin": verifier.name, "vkey": verifier.vkey},
        "registrar": str(estate.registrar.absolute()),
        "policy": str(estate.policy.absolute()),
    }
    durable.write(estate.partner, json.dumps(content, indent=1) + "\n", mode=0o600)


def courier(estate: Estate) -> str:
    """The partner's address at RabbitMQ, as it was written."""
    return str(json.loads(estate.partner.read_bytes())["amqp"])


def remove(estate: Estate) -> None:
    """Where this run has no partner."""
    durable.remove(estate.partner)
