"""Models that run in this process, or in a program beside it; nothing leaves the machine."""
