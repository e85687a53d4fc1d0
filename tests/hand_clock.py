"""A clock that a test moves, so that no verdict depends on how fast the machine is.

Also for programs in processes of their own, which import it by name: it needs the library alone.
"""

import time

from westforecast import watch

# Real seconds after which a test that waits for nothing gives up.
PATIENCE = 120.0


class HandClock(watch.WallClock):
    """It stands still until `spend` moves it; what is watched is left when its time is over."""

    def __init__(self):
        self.time = 0.0
        self.ends = []

    def now(self):
        return self.time

    def limit(self, seconds):
        end = self.time + seconds
        self.ends.append(end)

        def wait(thread):
            guard = time.monotonic() + PATIENCE
            try:
                while thread.is_alive() and self.time < end:
                    thread.join(1e-3)
                    assert time.monotonic() < guard, "it neither ends nor moves the clock"
            finally:
                self.ends.remove(end)

        return wait

    def spend(self, seconds=1e6):
        """What the caller takes. It does not come back where the time it was given is over."""
        over = any(end <= self.time + seconds for end in self.ends)
        self.time += seconds
        guard = time.monotonic() + PATIENCE
        while over and time.monotonic() < guard:
            time.sleep(1e-3)


def install():
    """Put such a clock in the place of the library's, for good."""
    watch.clock = HandClock()
    return watch.clock
