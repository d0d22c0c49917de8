"""The HTTP interface as an OpenAPI 3.1 document, and as a page that needs no script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from http import HTTPStatus

__all__ = ["STYLE", "Operation", "document", "page", "refusals"]

Operation = Mapping[str, object]
Paths = Mapping[str, Mapping[str, Operation]]

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


def refusals(*statuses: int) -> dict[str, object]:
    """The `responses` of an operation that may be refused in these ways."""
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": schema}},
        }
        for status in statuses
    }


def document(paths: Paths, version: str) -> dict[str, object]:
    """The OpenAPI document of these operations, `{path: {method: operation}}`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vivavoce",
            "version": version,
            "description": "Speech and text, in the form that OpenAI's clients speak.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "paths": {path: dict(operations) for path, operations in paths.items()},
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "the server's key; none is needed on loopback unless one is set",
                }
            },
        },
    }


def page(paths: Paths, version: str) -> str:
    """The operations as HTML."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<title>vivavoce: HTTP interface</title><link rel="stylesheet" href="/docs/style.css">',
            f"</head><body><main><h1>vivavoce {escape(version)}</h1>",
            '<p>The HTTP interface; as data: <a href="/openapi.json">openapi.json</a>. ',
            "Send the key, where one is needed, as <code>Authorization: Bearer</code>.</p>",
            *(
                block
                for path, operations in paths.items()
                for method, operation in operations.items()
                for block in _operation(method, path, operation)
            ),
            "</main></body></html>",
        )
    )


def _operation(method: str, path: str, operation: Operation) -> Iterator[str]:
    yield f"<section><h2><b>{escape(method.upper())}</b> <code>{escape(path)}</code></h2>"
    for key in ("summary", "description"):
        if key in operation:
            yield f"<p>{escape(str(operation[key]))}</p>"
    for title, key in (
        ("Parameters", "parameters"),
        ("Request", "requestBody"),
        ("Answers", "responses"),
    ):
        if key in operation:
            text = escape(json.dumps(operation[key], indent=2, ensure_ascii=False))
            yield f"<details><summary>{title}</summary><pre>{text}</pre></details>"
    yield "</section>"


STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
h2 { font-size: 1.1rem; }
pre { overflow-x: auto; padding: .75rem; }
pre { background: color-mix(in srgb, currentColor 6%, transparent); }
summary { cursor: pointer; padding: .25rem 0; }
"""
