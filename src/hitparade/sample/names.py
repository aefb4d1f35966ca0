"""Names of songs, artists and people: invented, told apart at a glance, a few hard on careless readers."""

from __future__ import annotations

from random import Random

from hitparade.sample import words

ODD_SHARE = 0.03
"""How many names hold quotes, commas, newlines, emoji or other scripts."""


def title(rng: Random) -> str:
    """A song's title, such as "Paper Lanterns" or "Stay (Live)"."""
    if rng.random() < ODD_SHARE:
        return rng.choice(words.ODD_TITLES)
    adjective, noun, other, verb = (
        rng.choice(kind) for kind in (words.ADJECTIVES, words.NOUNS, words.NOUNS, words.VERBS)
    )
    name = rng.choice(
        (
            f"{adjective} {noun}",
            f"{adjective} {noun}",
            noun,
            verb,
            f"{verb} Me",
            f"{verb} the {noun}",
            f"{noun} & {other}",
            f"{noun} in the {other}",
            f"{verb} ({adjective} {noun})",
            f"Don't {verb} the {noun}",
        )
    )
    return f"{name} {rng.choice(words.TITLE_ENDINGS)}" if rng.random() < 0.12 else name


def album(rng: Random, track_title: str) -> str:
    """An album's name: singles are named for their song."""
    if rng.random() < 0.3:
        return track_title
    adjective, noun = rng.choice(words.ADJECTIVES), rng.choice(words.NOUNS)
    return rng.choice((f"{adjective} {noun}", f"The {adjective} {noun} LP", noun, f"{noun}, Vol. {rng.randint(1, 4)}"))


def artist(number: int, rng: Random) -> str:
    """The artist of this number; `rng` is for this number alone, so that a number keeps its name."""
    if number % 40 == 7:
        return words.ODD_ARTISTS[number // 40 % len(words.ODD_ARTISTS)]
    adjective, noun, band = (
        rng.choice(words.ADJECTIVES),
        rng.choice(words.NOUNS),
        rng.choice(words.BAND_NOUNS),
    )
    stage = "".join(rng.choice(words.STAGE_SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()
    return rng.choice(
        (
            f"The {adjective} {band}",
            f"{adjective} {band}",
            f"{stage} & the {band}",
            f"{noun} {band}",
            f"{stage} {noun}",
            f"DJ {stage}",
            stage,
        )
    )


def person(rng: Random) -> str:
    """A user's name."""
    if rng.random() < ODD_SHARE:
        return rng.choice(words.ODD_PEOPLE)
    return f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
