"""Histories of rank, position and credit that fit together (siasn.md section 5.2)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.days import add_months
from sandbox.reference import (
    BY_GROUP_AND_LEVEL,
    FUNCTIONAL_POSITIONS,
    GROUP_ASISTEN,
    GROUP_STATISTISI,
    JENJANG,
    PNS_LADDER,
    PREDICATES,
    FunctionalPosition,
)

# Conversion of yearly performance into credit began with 2023 (PermenPANRB 1/2023).
_FIRST_CONVERSION_YEAR = 2023
_ASISTEN_SINCE = date(2024, 7, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """A code (golongan id or JF short code) that holds from ``tmt`` on."""

    code: str
    tmt: date


@dataclass(frozen=True, slots=True)
class Credit:
    """One decree on credit. ``points`` in thousandths; ``predicate`` indexes ``PREDICATES``; days both included."""

    kind: str  # first, integration, conversion
    start: date
    end: date
    points: int
    predicate: int | None
    coefficient: float
    position: str  # JF short code


def _half_year(index: int) -> date:
    """Promotions take effect on 1 April and 1 October."""
    return date(index // 2, 10 if index % 2 else 4, 1)


def career(
    rng: random.Random, position: FunctionalPosition, today: date, fresh: bool
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Ranks and positions of a PNS who now holds ``position``; ``fresh``: appointed last year."""
    level = JENJANG[position.jenjang]
    if fresh:
        start = date(today.year - 2, 1, 1)
        return (Step("31", start),), (Step(position.code, add_months(start, 16)),)
    start_code = "21" if position.jenjang == "PM" else ("23" if level.skilled else "31")
    present = rng.choice([code for code in level.golongan if code >= start_code])
    ladder = PNS_LADDER[PNS_LADDER.index(start_code) : PNS_LADDER.index(present) + 1]
    latest = (today.year * 2 + (1 if today.month >= 10 else 0)) - (1 if today.month < 4 else 0)
    index = latest - rng.randrange(5 if len(ladder) == 1 else 0, 9)
    steps = []
    for code in reversed(ladder):
        steps.append(Step(code, _half_year(index)))
        index -= rng.choice((7, 8, 8, 8, 9, 10))
    # A candidate starts in the first months of a year, not at a promotion date.
    first = steps.pop()
    steps.append(Step(first.code, date(first.tmt.year, rng.choice((1, 2, 3, 4)), 1)))
    ranks = tuple(reversed(steps))
    return ranks, _positions(rng, position, ranks)


def _positions(rng: random.Random, position: FunctionalPosition, ranks: tuple[Step, ...]) -> tuple[Step, ...]:
    levels = [level for level in JENJANG.values() if level.skilled == JENJANG[position.jenjang].skilled]
    found: list[tuple[str, date]] = []
    for rank in ranks:
        level = next((level.code for level in levels if rank.code in level.golongan), None)
        if level is None or (found and found[-1][0] == level):
            continue
        tmt = add_months(rank.tmt, -rng.randrange(1, 9)) if found else add_months(ranks[0].tmt, 13 + rng.randrange(6))
        found.append((level, tmt))
    group = GROUP_STATISTISI if position.group_id == GROUP_ASISTEN else position.group_id
    steps = []
    for level, tmt in found:
        early = BY_GROUP_AND_LEVEL.get((group, level), position)
        late = BY_GROUP_AND_LEVEL.get((position.group_id, level), position)
        steps.append(Step(late.code if tmt >= _ASISTEN_SINCE else early.code, tmt))
    if steps[-1].code != position.code:
        # Statistisi of the skilled levels became Asisten Statistisi all at once.
        steps.append(Step(position.code, _ASISTEN_SINCE))
    return tuple(steps)


def pppk_career(
    rng: random.Random, position: FunctionalPosition, today: date
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Rank and position of a PPPK: one contract, one golongan in Roman numerals."""
    start = date(rng.randrange(2021, today.year), rng.choice((1, 2, 3, 6, 7)), 1)
    golongan = JENJANG[position.jenjang].pppk_golongan
    if golongan is None:
        raise ValueError(f"no PPPK holds jenjang {position.jenjang}")
    return (Step(golongan, start),), (Step(position.code, start),)


def credits_of(rng: random.Random, positions: tuple[Step, ...], today: date) -> tuple[Credit, ...]:
    """Credit of a PNS: a first or integration decree, then one conversion for each finished year."""
    found = []
    first = positions[0]
    if first.tmt.year < _FIRST_CONVERSION_YEAR:
        at = _held_at(positions, date(2022, 12, 31))
        points = rng.randrange(40, 400) * 250
        found.append(Credit("integration", date(2022, 1, 1), date(2022, 12, 31), points, None, _coefficient(at), at))
    else:
        end = add_months(first.tmt, 1) - timedelta(days=1)
        found.append(
            Credit("first", first.tmt, end, rng.randrange(4, 40) * 250, None, _coefficient(first.code), first.code)
        )
    for year in range(max(_FIRST_CONVERSION_YEAR, first.tmt.year + (1 if first.tmt.month > 6 else 0)), today.year):
        start = max(date(year, 1, 1), add_months(first.tmt, 1))
        at = _held_at(positions, date(year, 12, 31))
        predicate = rng.choices((0, 1, 2), (25, 70, 5))[0]
        months = 13 - start.month
        found.append(
            Credit(
                "conversion",
                start,
                date(year, 12, 31),
                points_of(at, predicate, months),
                predicate,
                _coefficient(at),
                at,
            )
        )
    return tuple(found)


def _held_at(positions: tuple[Step, ...], day: date) -> str:
    held = positions[0].code
    for step in positions:
        if step.tmt <= day:
            held = step.code
    return held


def _coefficient(code: str) -> float:
    return JENJANG[FUNCTIONAL_POSITIONS[code].jenjang].coefficient


def points_of(code: str, predicate: int, months: int) -> int:
    """Credit of one period in thousandths, rounded half up to two decimals: share x coefficient x months / 12."""
    share = PREDICATES[predicate][1]
    hundredths = share * round(_coefficient(code) * 1000) * months
    return ((hundredths + 6_000) // 12_000) * 10
