"""Turn-taking without I/O: inputs that carry their time go in, actions come out."""

from vivavoce.floor.machine import Floor
from vivavoce.floor.policy import Depth, Mode, Policy

__all__ = ["Depth", "Floor", "Mode", "Policy"]
