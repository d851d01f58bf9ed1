"""A receiver of Standard Webhooks: signatures by the reference implementation, bodies by our schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from tests.channels.chat import Service, in_seconds, json_body, require, text_reply
from tests.channels.servers import Request

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
MAX_BODY = 20_000


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads((files("bot.channels") / "webhook.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def check(request: Request) -> None:
    problems = [error.message for error in _validator().iter_errors(json_body(request))]
    require(not problems, "invalid body", problems)
    require(len(request.body) <= MAX_BODY, "too large", len(request.body))
    # The library refuses stamps that are not of today; tests have a clock of their own.
    stamped = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    signature = Webhook(SECRET).sign(request.headers["webhook-id"], stamped, request.body.decode())
    require(signature in request.headers["webhook-signature"].split(), "wrong signature")


SERVICE = Service(
    name="webhook",
    path="/hook/secret-part",
    check=check,
    accept=lambda request, number: text_reply(204, ""),
    refuse=lambda breach: text_reply(400, breach.word),
    busy=(in_seconds,),
    errors={"gone": text_reply(410, "gone"), "bad request": text_reply(400, "bad request")},
    disabling=frozenset({"gone"}),
)
