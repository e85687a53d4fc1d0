"""How a forecast of one window went."""

from enum import IntEnum


class Status(IntEnum):
    """One word per window. Everything but `OK` carries a reason and no number."""

    OK = 0
    TOO_SHORT = 1
    MISSING_VALUES = 2
    NOT_POSITIVE = 3
    OUT_OF_DOMAIN = 4
    NO_DRIVER = 5
    NO_OUTCOME = 6
    FAILED = 7
    OUT_OF_TIME = 8

    @property
    def label(self) -> str:
        """The word in frames: ok, too_short, ..."""
        return self.name.lower()


class Refusal(Exception):
    """Raised by a model's one-series function to decline a series, with a status and a reason."""

    status = Status.FAILED


class TooShort(Refusal):
    """The series has fewer observed values than the model needs."""

    status = Status.TOO_SHORT


class OutOfDomain(Refusal):
    """The values are outside what the model is defined for."""

    status = Status.OUT_OF_DOMAIN
