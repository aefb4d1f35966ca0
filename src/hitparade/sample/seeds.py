"""Every random choice of a sample, derived from its seed: nothing else may decide what a sample holds."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

KEY_BITS = 62


def seeded(seed: int, salt: str) -> random.Random:
    """A generator of its own for each purpose, so that one more name drawn here moves nothing there."""
    return random.Random(f"hitparade/{seed}/{salt}")  # noqa: S311  (samples are no secrets)


def key(seed: int, salt: str) -> int:
    """A number that SQL mixes into its hashes, as `seeded` does for Python."""
    return seeded(seed, salt).getrandbits(KEY_BITS)


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A permutation of 0..size-1 by one multiplication, so that SQL and Python agree on it without a table.

    It keeps popularity from following the order of ids: rank 0 is the most popular, its number can be any.
    """

    factor: int
    shift: int
    size: int

    def number(self, rank: int) -> int:
        """Where the permutation leads from this rank."""
        return (self.factor * rank + self.shift) % self.size

    def inverted(self) -> Shuffle:
        """The permutation that leads back from numbers to ranks."""
        factor = pow(self.factor, -1, self.size)
        return Shuffle(factor, -self.shift * factor % self.size, self.size)


def shuffle(seed: int, salt: str, size: int) -> Shuffle:
    """A permutation of `size` numbers for one purpose."""
    rng = seeded(seed, salt)
    factor = rng.randrange(size) | 1
    while math.gcd(factor, size) != 1:
        factor += 2
    return Shuffle(factor % size if size > 1 else 1, rng.randrange(size), size)
