"""Checks requests against Discord's own OpenAPI description, where there is a copy of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tests.support.discord_server.requests import RouteKind, invalid_body

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.discord_server.model import Json
    from tests.support.discord_server.requests import Request

_OPERATIONS = {
    RouteKind.CREATE_THREAD: ("/channels/{channel_id}/messages/{message_id}/threads", "post"),
    RouteKind.EDIT_CHANNEL: ("/channels/{channel_id}", "patch"),
    RouteKind.CREATE_MESSAGE: ("/channels/{channel_id}/messages", "post"),
    RouteKind.EDIT_MESSAGE: ("/channels/{channel_id}/messages/{message_id}", "patch"),
    RouteKind.CALLBACK: ("/interactions/{interaction_id}/{interaction_token}/callback", "post"),
    RouteKind.FOLLOW_UP: ("/webhooks/{webhook_id}/{webhook_token}", "post"),
    RouteKind.EDIT_ANSWER: ("/webhooks/{webhook_id}/{webhook_token}/messages/@original", "patch"),
    RouteKind.PUT_COMMANDS: ("/applications/{application_id}/commands", "put"),
}


class OpenApiCheck:
    """Refuses bodies that do not fit the description; a multipart body by its ``payload_json``."""

    def __init__(self, description: Path) -> None:
        document = json.loads(description.read_text("utf-8"))
        components = document["components"]
        # Discord takes ids as numbers too, and discord.py sends them so.
        components["schemas"]["SnowflakeType"] = {"type": ["string", "integer"]}
        self._validators = {
            kind: Draft202012Validator(_schema(document["paths"][path][method]) | {"components": components})
            for kind, (path, method) in _OPERATIONS.items()
        }

    def __call__(self, request: Request) -> None:
        """Check a request's body.

        Raises:
            RefusedError: 400 with code 50035, and where the body departs from the description.
        """
        self.check_body(request.kind, request.body)

    def check_body(self, kind: RouteKind, body: object) -> None:
        """Check what would be sent.

        Raises:
            RefusedError: as above.
        """
        validator = self._validators.get(kind)
        problem = None if validator is None else best_match(validator.iter_errors(body))
        if problem is not None:
            raise invalid_body(f"{problem.json_path}: {problem.message[:500]}")


def _schema(operation: Json) -> Json:
    return operation["requestBody"]["content"]["application/json"]["schema"]
