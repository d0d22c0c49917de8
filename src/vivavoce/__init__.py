"""vivavoce: a real-time speech-to-speech assistant, made of parts that can be swapped."""

__version__ = "0.1.0"
