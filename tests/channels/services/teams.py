"""Webhooks of Workflows for Microsoft Teams, and the official schema of Adaptive Cards 1.4."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft6Validator

from tests.channels.chat import Breach, Service, in_seconds, json_body, json_reply, require, text_reply
from tests.channels.reading import walk
from tests.channels.servers import Reply, Request

MAX_BODY = 20_000
# What Teams can act on; of elements with Markdown in them only facts are used.
ACTIONS = frozenset({"Action.OpenUrl", "Action.ShowCard", "Action.ToggleVisibility"})


@cache
def validator() -> Draft6Validator:
    schema = json.loads((files("adaptive_cards.schemas") / "schema-1.4.json").read_text(encoding="utf-8"))
    return Draft6Validator(schema)


def check(request: Request) -> None:
    require(len(request.body) <= MAX_BODY, "RequestEntityTooLarge", len(request.body))
    require("charset=utf-8" in request.headers["content-type"], "charset", request.headers["content-type"])
    payload = json_body(request, "TriggerInputSchemaMismatch")
    require(payload.keys() == {"type", "attachments"}, "TriggerInputSchemaMismatch", payload.keys())
    (attachment,) = payload["attachments"]
    kind = "application/vnd.microsoft.card.adaptive"
    require(attachment["contentType"] == kind, "TriggerInputSchemaMismatch", attachment["contentType"])
    check_card(attachment["content"])


def check_card(card: dict[str, Any]) -> None:
    # The schema knows no keys of one host alone.
    standard = {key: value for key, value in card.items() if key != "msteams"}
    problems = [error.message[:500] for error in validator().iter_errors(standard)]
    require(not problems, "BadRequest", problems)
    require(card["version"] == "1.4", "BadRequest", card["version"])
    require(card.get("msteams", {}).keys() <= {"width"}, "BadRequest", "entities would call people")
    for node in walk(card["body"]):
        kind = node.get("type", "")
        require(kind != "TextBlock", "BadRequest", "reads Markdown")
        require(not kind.startswith("Action.") or kind in ACTIONS, "BadRequest", kind)
        require("text" not in node or node["text"], "BadRequest", "an empty text")


def refuse(breach: Breach) -> Reply:
    return fault(400, breach.word, "The input body for trigger 'manual' did not match its schema definition.")


def fault(status: int, code: str, message: str) -> Reply:
    return json_reply(status, {"error": {"code": code, "message": message}})


def wrapped(status: int) -> Reply:
    """How connectors told of a failure behind them: with a 200."""
    said = (
        f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status}"
    )
    return text_reply(200, f"{said} with ContextId MS-CV=x")


SERVICE = Service(
    name="teams",
    path="/workflows/4711/triggers/manual/paths/invoke?sig=secret-part",
    check=check,
    accept=lambda request, number: text_reply(202, ""),
    refuse=refuse,
    busy=(in_seconds,),
    errors={
        "DirectApiAuthorizationRequired": fault(
            401, "DirectApiAuthorizationRequired", "The request requires an authorization scheme."
        ),
        "WorkflowTriggerIsNotEnabled": fault(403, "WorkflowTriggerIsNotEnabled", "The trigger is disabled."),
        "WorkflowNotFound": fault(404, "WorkflowNotFound", "The workflow could not be found."),
        "TriggerInputSchemaMismatch": refuse(Breach("TriggerInputSchemaMismatch")),
        "RequestEntityTooLarge": fault(413, "RequestEntityTooLarge", "The request entity is too large."),
        "HTTP error 413": wrapped(413),
    },
    disabling=frozenset(
        {"DirectApiAuthorizationRequired", "WorkflowTriggerIsNotEnabled", "WorkflowNotFound"}
    ),
    broken=fault(502, "NoResponse", "The server did not receive a response from an upstream server."),
)
