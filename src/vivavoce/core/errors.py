"""Everything vivavoce raises on purpose.

VivavoceError
├── ConfigError               a setting, an argument or this machine does not allow it
│   └── PreflightError        a measured property of this machine is below the need
├── AudioError                the input is not audio, or not audio that can be used
├── ProviderError             a provider failed (provider, role, retryable)
│   ├── ProviderUnavailable   cannot be reached, cannot be loaded
│   ├── ProviderTimeout       no answer within the stage's deadline
│   ├── ProviderRefused       reached, and said no (key, quota, content)
│   └── BadReply              answered with something that the protocol does not allow
├── ModelError                a model file is missing, damaged or not the pinned one
├── TransportClosed           the other side is gone
├── ToolError                 a tool failed, or was called with wrong arguments
├── LocalProtocolError        we broke a protocol: a bug here or in the caller
└── RemoteProtocolError       the peer broke a protocol
"""

__all__ = [
    "AudioError",
    "BadReply",
    "ConfigError",
    "LocalProtocolError",
    "ModelError",
    "PreflightError",
    "ProviderError",
    "ProviderRefused",
    "ProviderTimeout",
    "ProviderUnavailable",
    "RemoteProtocolError",
    "ToolError",
    "TransportClosed",
    "VivavoceError",
]


class VivavoceError(Exception):
    """The root: a message says what failed, with which value, and what to do about it."""


class ConfigError(VivavoceError):
    """A setting or an argument cannot be used as it is."""


class PreflightError(ConfigError):
    """This machine lacks something that was measured and is needed."""


class AudioError(VivavoceError):
    """The input is not audio, or not audio that can be used."""


class ProviderError(VivavoceError):
    """A provider failed. `provider` names it, `role` is stt, llm, tts, vad or turn_detector."""

    def __init__(
        self, message: str, *, provider: str = "", role: str = "", retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.role = role
        self.retryable = retryable


class ProviderUnavailable(ProviderError):
    """The provider cannot be reached or loaded."""


class ProviderTimeout(ProviderError):
    """The provider did not answer within the stage's deadline."""


class ProviderRefused(ProviderError):
    """The provider was reached and said no: key, quota, content."""


class BadReply(ProviderError):
    """The provider answered with something its protocol does not allow, or with nothing."""


class ModelError(VivavoceError):
    """A model file is missing, damaged, or not the one whose hash is pinned."""


class TransportClosed(VivavoceError):
    """The transport's other side is gone."""


class ToolError(VivavoceError):
    """A tool failed or was called with arguments it does not take."""


class LocalProtocolError(VivavoceError):
    """This side broke a protocol."""


class RemoteProtocolError(VivavoceError):
    """The peer broke a protocol."""
