"""Embedded models: which there are, where they lie, and whether this machine can run them.

Fetching is in `vivavoce.models.fetch`, apart, because it needs the network's modules.
"""

from vivavoce.models.catalogue import Model, ModelFile, Role
from vivavoce.models.choice import Choice, default_models
from vivavoce.models.machine import Machine, read_machine
from vivavoce.models.pins import MODELS, model
from vivavoce.models.preflight import require
from vivavoce.models.store import is_ready, models_directory, path, verify

__all__ = [
    "MODELS",
    "Choice",
    "Machine",
    "Model",
    "ModelFile",
    "Role",
    "default_models",
    "is_ready",
    "model",
    "models_directory",
    "path",
    "read_machine",
    "require",
    "verify",
]
