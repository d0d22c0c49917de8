"""What the description promises, tried with many requests, good and bad."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from vivavoce.server.http_api import routes
from vivavoce.server.refusals import exception_handlers
from vivavoce.testing import LevelVAD, ScriptedSTT, ScriptedTTS, Speller

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)


class OneWordSpeller(Speller):
    """Spells one word for any text, as there is no room for all that is tried here."""

    def words(self, text: str) -> list[str]:
        return ["word"] if text.strip() else []


_speller = OneWordSpeller()
app = Starlette(
    routes=routes(
        ScriptedSTT(_speller, final_delay=-60, partial_lag=0),
        ScriptedTTS(_speller, first_byte=0, speed=1e9),
        ["scripted/stt"],
        vad=LevelVAD(),
    ),
    exception_handlers=dict(exception_handlers),
)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=list(CHECKS))
