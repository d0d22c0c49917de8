"""The embedded models that the chosen providers need, fetched before they are used."""

from __future__ import annotations

from collections.abc import Mapping

from vivavoce.cli.models import fetch_models
from vivavoce.models import is_ready, model, models_directory
from vivavoce.providers.local.plugin import MODELS

__all__ = ["fetch_missing"]


def fetch_missing(providers: Mapping[str, str]) -> None:
    """Fetch the models that are not here; `providers` has a name for each role.

    Raises ModelError, or PreflightError before the first download.
    """
    directory = models_directory()
    wanted = [
        model(MODELS[role][name.partition("/")[2]])
        for role, name in providers.items()
        if name.partition("/")[0] == "local" and name.partition("/")[2] in MODELS[role]
    ]
    missing = [entry for entry in wanted if not is_ready(entry, directory)]
    if missing:
        fetch_models(missing, directory)
