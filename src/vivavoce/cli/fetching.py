"""The embedded models that the chosen providers need, fetched before they are used."""

from __future__ import annotations

from vivavoce.build import Choice
from vivavoce.cli.models import fetch_models
from vivavoce.core.plugins import ROLES
from vivavoce.models import is_ready, model, models_directory
from vivavoce.providers.local.plugin import MODELS

__all__ = ["fetch_missing"]


def fetch_missing(choice: Choice) -> None:
    """Fetch what is not here. Raises ModelError, or PreflightError before the first download."""
    directory = models_directory()
    wanted = [
        model(MODELS[role][name.partition("/")[2]])
        for role, name in zip(ROLES, choice.names(), strict=True)
        if name.partition("/")[0] == "local" and name.partition("/")[2] in MODELS[role]
    ]
    missing = [entry for entry in wanted if not is_ready(entry, directory)]
    if missing:
        fetch_models(missing, directory)
