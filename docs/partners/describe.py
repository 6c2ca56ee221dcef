"""Writes ``asyncapi.json``: what goes over the queue, from the code that reads and writes it.

python describe.py > asyncapi.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from candour_protocol import ids, wire
from candour_protocol.kinds import CODES, CONTENT, IN_FORCE, OPTIONAL_T1, PLAIN, T1, T2, Kind
from candour_protocol.statement import MAX_BODY
from candour_protocol.transport.rabbitmq_message import MEDIA_TYPE
from candour_protocol.transport.topology import DELIVER, SUBMIT, SUBMIT_LANES, Lane, inbox_queue
from pydantic.json_schema import models_json_schema

HASH = {"type": "string", "pattern": f"^{ids.HASH}$"}
STATEMENT = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+~(?:[A-Za-z0-9_-]+~)*$",
    "description": "Issuer JWT and T1 disclosures, each with ~ after it.",
}
SEALED = {"type": "string", "description": "Compact JWE with the T2 disclosures; empty for a kind without."}
RECEIPT = {
    "type": "string",
    "pattern": "^c2sp\\.org/tlog-proof@v1\n",
    "description": "C2SP tlog-proof@v1; its extra line is the base64 of the log entry.",
}
UUID7 = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}


def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document, from a partner's point of view: it sends submissions, receives the rest."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Candour on the queue",
            "version": "1",
            "description": "What an agency without a node sends and receives; see README.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": {"partnership": _server()},
        "channels": {"submit": _submit(), "inbox": _inbox()},
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _payloads() | _kinds()},
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:5671",
        "protocol": "amqps",
        "pathname": "/candour",
        "description": "RabbitMQ; the broker user is the agency's id, and user_id is set to it.",
        "variables": {"host": {"description": "as the partnership says"}},
    }


def _submit() -> dict[str, Any]:
    kinds = sorted(kind.value for kind in IN_FORCE - PLAIN - {Kind.NOTICE})
    return {
        "address": "{agency}.{kind}.{lane}",
        "title": f"Routing key in the topic exchange {SUBMIT}",
        "parameters": {
            "agency": {"description": "your own id; the broker refuses every other"},
            "kind": {"enum": kinds},
            "lane": {
                "enum": [lane.value for lane in SUBMIT_LANES],
                "description": "urgent for EMERGENCY and RED, and for what answers them",
            },
        },
        "messages": {"submission": {"$ref": "#/components/messages/submission"}},
        "bindings": {"amqp": _exchange(SUBMIT)},
    }


def _inbox() -> dict[str, Any]:
    names = ("delivered", "answered", "problem")
    return {
        "address": inbox_queue("{agency}", Lane.ORDINARY).replace(Lane.ORDINARY, "{lane}"),
        "title": f"Your queues, bound to the topic exchange {DELIVER}",
        "parameters": {
            "agency": {"description": "your own id"},
            "lane": {"enum": [lane.value for lane in Lane]},
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"durable": True, "exclusive": False, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _exchange(name: str) -> dict[str, Any]:
    return {
        "is": "routingKey",
        "exchange": {"name": name, "type": "topic", "durable": True, "autoDelete": False},
        "bindingVersion": "0.3.0",
    }


def _operations() -> dict[str, Any]:
    persistent = {"amqp": {"deliveryMode": 2, "bindingVersion": "0.3.0"}}
    return {
        "submit": {
            "action": "send",
            "channel": {"$ref": "#/channels/submit"},
            "summary": "Submit the same bytes until you hold the receipt and, if one is due, the delivery.",
            "bindings": persistent,
        },
        "takePost": {
            "action": "receive",
            "channel": {"$ref": "#/channels/inbox"},
            "summary": "Prove, keep and answer in one transaction of yours; then acknowledge.",
            "bindings": {"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
        },
    }


def _messages() -> dict[str, Any]:
    said = {
        "submission": "A statement of yours.",
        "delivered": "A statement for you, with the receipt that proves it was logged first.",
        "answered": "What became of a statement of yours: its receipt, and what was found.",
        "problem": "What your broker user sent could not be taken for a statement.",
    }
    return {
        name: {
            "name": name,
            "title": title,
            "contentType": MEDIA_TYPE,
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        for name, title in said.items()
    }


def _payloads() -> dict[str, Any]:
    body = {"statement": STATEMENT, "sealed": SEALED}
    proven = body | {"receipt": RECEIPT}
    violation = _closed({"rule": {"type": "string"}, "pointer": {"type": "string"}})
    approval = {"approval": _closed(proven) | {"description": "What released it, where it had been held."}}
    delivered = _closed(proven | approval)
    delivered["required"] = sorted(proven)
    return {
        "submission": _closed(body) | {"description": f"At most {MAX_BODY} bytes of JSON."},
        "delivered": delivered | {"description": f"At most {wire.MAX_INBOUND} bytes of JSON."},
        "answered": _closed(
            {"jti": UUID7, "receipt": RECEIPT, "violations": {"type": "array", "items": violation}}
        ),
        "problem": _closed({"problem": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}, "digest": HASH}),
    }


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _kinds() -> dict[str, Any]:
    """What the disclosures of each kind say: T1, the value of ``codes``; T2, one field a disclosure."""
    kinds = sorted(IN_FORCE - PLAIN)
    models = [(table[kind], "validation") for kind in kinds for table in (CODES, CONTENT)]
    _, shared = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    named: dict[str, Any] = dict(sorted(shared["$defs"].items()))
    for kind in kinds:
        named[f"{kind}-T1"] = _disclosed(CODES[kind].__name__, T1[kind], OPTIONAL_T1.get(kind, ()))
        named[f"{kind}-T2"] = _disclosed(CONTENT[kind].__name__, T2[kind])
    return named


def _disclosed(model: str, fields: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    besides = f" Left out where there is nothing to say: {' '.join(optional)}." if optional else ""
    return {
        "allOf": [{"$ref": f"#/components/schemas/{model}"}],
        "description": f"Every one of {' '.join(fields) or 'none'}; null where absent.{besides}",
    }


def text() -> str:
    """The file's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
