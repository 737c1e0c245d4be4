"""A token bucket that all workers of a client share."""

from __future__ import annotations

import math
import threading

from padan.agencies.failures import Stopped
from padan.agencies.types import Clock


class RateLimiter:
    """At most ``rate`` requests a second on average, with a burst of a tenth of a second's worth (at least one).

    Kept as a schedule: each caller books the next free slot under the lock and sleeps outside it, so a late
    wake-up of one worker costs the others nothing. ``math.inf`` means no limit.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._interval = 0.0 if math.isinf(rate) else 1.0 / rate
        self._tolerance = 0.0 if math.isinf(rate) else (max(1.0, rate / 10) - 1.0) * self._interval
        self._clock = clock
        self._lock = threading.Lock()
        self._next = -math.inf  # when the next slot falls due if nobody ever is late
        self._resume_at = -math.inf

    def acquire(self, stop: threading.Event) -> None:
        """Wait for a slot.

        Raises:
            Stopped: when ``stop`` was set meanwhile.
        """
        while True:
            due = self._book()
            delay = due - self._clock.monotonic()
            if (delay > 0 and self._clock.wait(delay, stop)) or stop.is_set():
                raise Stopped
            if due >= self._resume_at:
                return

    def pause(self, seconds: float) -> None:
        """Let nobody through for ``seconds``, also those who already hold a slot."""
        with self._lock:
            self._resume_at = max(self._resume_at, self._clock.monotonic() + seconds)
            self._next = max(self._next, self._resume_at + self._tolerance)

    def _book(self) -> float:
        with self._lock:
            due = max(self._clock.monotonic(), self._next - self._tolerance, self._resume_at)
            self._next = max(self._next, due) + self._interval
            return due
