"""The token bucket, on a clock of its own."""

from __future__ import annotations

import math
import threading

import pytest

from padan.agencies.failures import Stopped
from padan.agencies.rate_limit import RateLimiter
from tests.integration.agencies_server import SteppingClock

RUNNING = threading.Event()


def moments(limiter: RateLimiter, clock: SteppingClock, count: int) -> list[float]:
    """When ``count`` eager requests get through."""
    passed = []
    for _ in range(count):
        limiter.acquire(RUNNING)
        passed.append(clock.monotonic())
    return passed


def most_in_a_second(passed: list[float]) -> int:
    return max(sum(start <= moment < start + 1 - 1e-9 for moment in passed) for start in passed)


@pytest.mark.parametrize("rate", [0.5, 1, 4, 50, 200])
def test_eager_callers_get_the_whole_rate_and_no_more_than_the_burst_above_it(rate: float) -> None:
    clock = SteppingClock()
    passed = moments(RateLimiter(rate, clock), clock, int(rate * 5) + 10)
    burst = max(1.0, rate / 10)
    assert most_in_a_second(passed) <= rate + burst
    assert (len(passed) - 1) / passed[-1] >= rate * 0.999


def test_a_pause_holds_everyone_and_no_burst_follows_it() -> None:
    clock = SteppingClock()
    limiter = RateLimiter(50, clock)
    moments(limiter, clock, 20)
    before = clock.monotonic()
    limiter.pause(30)
    passed = moments(limiter, clock, 60)
    assert passed[0] == pytest.approx(before + 30)
    assert most_in_a_second(passed) <= 51


def test_a_caller_that_already_waits_is_held_by_a_pause_too() -> None:
    class PausingClock(SteppingClock):
        def wait(self, seconds: float, stop: threading.Event) -> bool:
            if not self.waits:
                limiter.pause(30)
            return super().wait(seconds, stop)

    clock = PausingClock()
    limiter = RateLimiter(1, clock)
    assert moments(limiter, clock, 2) == [0, pytest.approx(30)]


def test_no_limit() -> None:
    clock = SteppingClock()
    assert moments(RateLimiter(math.inf, clock), clock, 1000) == [0.0] * 1000


def test_whoever_waits_when_the_crew_stops_is_let_go_without_a_slot() -> None:
    stop = threading.Event()
    limiter = RateLimiter(1, SteppingClock())
    limiter.acquire(stop)
    stop.set()
    with pytest.raises(Stopped):
        limiter.acquire(stop)
