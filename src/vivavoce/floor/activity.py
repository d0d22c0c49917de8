"""Speech and silence out of a voice detector's probabilities."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Activity", "ActivityPolicy"]


@dataclass(frozen=True, slots=True)
class ActivityPolicy:
    """Probabilities between 0 and 1; durations in seconds.

    Speech starts after `onset` of windows at or above `threshold`, and stops after `hangover` of
    windows below `release`. Two thresholds keep a voice near the limit from flickering.
    """

    threshold: float = 0.50
    release: float = 0.35
    onset: float = 0.060  # two windows of 32 ms: one alone is a click as often as a voice
    hangover: float = 0.090  # three windows: shorter stops are plosives


class Activity:
    """Feeds on windows; says when speech starts and stops, and since when."""

    def __init__(self, policy: ActivityPolicy | None = None) -> None:
        self.policy = policy or ActivityPolicy()
        self.speaking = False
        self._loud_since: float | None = None
        self._quiet_since: float | None = None

    def feed(self, probability: float, start: float, end: float) -> tuple[bool, float] | None:
        """Take the probability of the window from `start` to `end` (s on any one clock).

        Returns `(True, onset)` when speech starts, `(False, since)` when it stops, else None.
        """
        policy = self.policy
        if self.speaking:
            if probability >= policy.release:
                self._quiet_since = None
                return None
            if self._quiet_since is None:
                self._quiet_since = start
            if end - self._quiet_since < policy.hangover - 1e-9:
                return None
            self.speaking, self._loud_since = False, None
            return False, self._quiet_since
        if not probability >= policy.threshold:  # what is not a number is no voice
            self._loud_since = None
            return None
        if self._loud_since is None:
            self._loud_since = start
        if end - self._loud_since < policy.onset - 1e-9:
            return None
        self.speaking, self._quiet_since = True, None
        return True, self._loud_since

    def stop(self, at: float) -> tuple[bool, float] | None:
        """The input ended: speech under way stops at `at`."""
        if not self.speaking:
            return None
        self.speaking, self._loud_since = False, None
        return False, at if self._quiet_since is None else self._quiet_since
