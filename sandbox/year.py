"""A year of monthly runs: who parts when, who mends, what liaison units do meanwhile, which agencies are renamed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from padan.agreement.model import PartyCode
from sandbox.agencies import Agency, build_agencies
from sandbox.days import FIRST_DAY
from sandbox.differences import KINDS, Kind, Planted
from sandbox.people import Wish
from sandbox.reference import FOSTERED, opaque_id

MONTHS = 12
Verb = Literal["acknowledged", "disputed", "waived"]


@dataclass(frozen=True, slots=True)
class Act:
    """What a liaison unit does to each case of a person a week after the run of ``month``; ``until``: of a waiver."""

    month: int
    verb: Verb
    until: date | None = None

    @property
    def day(self) -> date:
        """The day of the act."""
        return date_of(self.month).replace(day=12)

    @property
    def reason(self) -> str | None:
        """In the words of the unit."""
        words = {"disputed": "Data kami sesuai dengan surat keputusan.", "waived": "Menunggu putusan pengadilan."}
        return words.get(self.verb)


@dataclass(frozen=True, slots=True)
class Course:
    """How a planted difference lives through the year, a letter a month, and what is done about it."""

    life: str
    acts: tuple[Act, ...] = ()
    kinds: tuple[str, ...] = ()  # empty: the next ones in turn


def date_of(month: int) -> date:
    """The date of the run of a month, 1 to 12."""
    return FIRST_DAY.replace(month=month)


_MAY_CHANGE = ("name_typo", "golongan_wrong", "credit_wrong", "unit_moved", "jenjang_wrong")
COURSES: dict[str, Course] = {
    "steady": Course("xxxxxxxxxxxx"),
    "mended": Course("xxxx........"),
    "brief": Course("..x........."),
    "new": Course(".....xxxxxxx"),
    "last": Course("...........x"),
    "returning": Course("xxx...xx...."),
    "returning_often": Course("x.x..x..xx.x"),
    "changed": Course("xxyyy.......", kinds=_MAY_CHANGE),
    "acknowledged": Course(".xxxxx......", (Act(2, "acknowledged"),)),
    "disputed": Course("xxxxxx......", (Act(1, "acknowledged"), Act(2, "disputed"))),
    "disputed_in_vain": Course("xxxyyyy.....", (Act(2, "disputed"),), _MAY_CHANGE),
    "disputed_then_seen": Course("xxxxxxxxxxxx", (Act(4, "disputed"), Act(6, "acknowledged"))),
    "waived": Course("xxxxxxxxx...", (Act(2, "waived", date(2026, 5, 31)),)),
    "waived_to_the_day": Course("xxxxxxx.....", (Act(1, "waived", date_of(4)),)),
    "waived_twice": Course("xxxxxxxxxxxx", (Act(2, "waived", date(2026, 4, 30)), Act(5, "waived", date(2026, 8, 31)))),
    "waived_and_mended": Course("xxxx..xx....", (Act(1, "waived", date(2026, 12, 31)),)),
    "waived_and_changed": Course("xxxyyyyyy...", (Act(2, "waived", date(2026, 12, 31)),), _MAY_CHANGE),
    "new_nip": Course("ooooxxx.....", kinds=("nip_old",) * 3),
    "new_nip_in_dispute": Course("ooxxxx......", (Act(3, "disputed"),), ("nip_old", "nip_mistyped")),
    "new_nip_at_last": Course("ooooooooooox", kinds=("nip_old", "nip_mistyped")),
}
_KINDS = {kind.name: kind for kind in KINDS}
# What is refused at the door, what leaves no difference, and what has a course of its own.
_NOT_IN_TURN = {
    "nip_of_17_digits", "export_nip_damaged", "duplicate_at_bps", "dirty_rw_golongan", "dirty_rw_jabatan",
    "dirty_credits", "dirty_competence_tests", "missing_at_bps", "nik_swapped", "nip_old", "nip_mistyped",
}  # fmt: skip
_IN_TURN = tuple(kind.name for kind in KINDS if kind.settled and kind.name not in _NOT_IN_TURN)
_PER_COURSE = 6
_AT_THE_RENAMED = (
    "steady", "mended", "returning", "acknowledged", "disputed_then_seen", "waived_twice", "new_nip",
)  # fmt: skip
# Places in the list of agencies. The first only takes another name, BPS two months after BKN; the second is founded
# anew under another id at BKN, and BPS's codes follow two months later.
RENAMED, FOUNDED_ANEW = 7, 11
_RENAMED_FROM: dict[PartyCode, int] = {"bkn": 4, "bps": 6}
_FOUNDED_FROM: dict[PartyCode, int] = {"bkn": 7, "bps": 9}


class YearPlan:
    """Which people live through which course: the same in every month of a world."""

    name = "year"
    everyone_changes = True

    def __init__(self, seed: int, people: int) -> None:
        """Plan for ``people`` holders on BPS's list.

        Raises:
            ValueError: if they are too few for every course.
        """
        self.people, self.beyond = people, 0
        self._agencies = build_agencies()
        self._courses: dict[int, tuple[str, Planted]] = {}
        self._work_at: dict[int, int] = {}
        # The first people, who make sure that each JF occurs, stay as they are.
        order = list(range(len(FOSTERED), people))
        random.Random(f"{seed}/year").shuffle(order)
        remaining = iter(order)
        turn = 0
        for name, course in COURSES.items():
            for kind in course.kinds or [_IN_TURN[(turn + step) % len(_IN_TURN)] for step in range(_PER_COURSE)]:
                self._plant(remaining, name, _KINDS[kind])
            turn += 0 if course.kinds else _PER_COURSE
        # In the agencies that are renamed: people of several courses, and some in whom nothing else differs.
        for place in (RENAMED, FOUNDED_ANEW):
            for name in _AT_THE_RENAMED:
                kind = COURSES[name].kinds[0] if COURSES[name].kinds else "name_typo"
                self._work_at[self._plant(remaining, name, _KINDS[kind])] = place
            for _ in range(3):
                self._work_at[_take(remaining)] = place

    def _plant(self, remaining: Iterator[int], name: str, kind: Kind) -> int:
        index = _take(remaining)
        self._courses[index] = name, Planted(kind, COURSES[name].life)
        return index

    @staticmethod
    def date_of(run: int) -> date:
        """The date of a run: the runs of this plan are months.

        Raises:
            ValueError: after the twelfth.
        """
        return date_of(run)

    def of(self, index: int) -> Planted | None:
        """What is planted on the holder ``index``."""
        course = self._courses.get(index)
        return course[1] if course else None

    def course(self, index: int) -> str | None:
        """The name of the course that the holder ``index`` lives through."""
        course = self._courses.get(index)
        return course[0] if course else None

    def wish(self, index: int) -> Wish:
        """What the plan needs of the holder ``index``."""
        planted = self.of(index)
        return replace(planted.kind.wish if planted else Wish(), agency=self._work_at.get(index))

    def indexes(self) -> Iterator[int]:
        """All holders."""
        return iter(range(self.people))

    def agency(self, agency: Agency, party: PartyCode, run: int) -> Agency:
        """The agency as ``party`` knows it in a run."""
        if agency.id == self._agencies[RENAMED].id and run >= _RENAMED_FROM[party]:
            return replace(agency, name=f"{agency.name.strip()} Republik Indonesia")
        if agency.id == self._agencies[FOUNDED_ANEW].id and run >= _FOUNDED_FROM[party]:
            return replace(
                agency, id=opaque_id("founded anew", agency.id), name=f"{agency.name.strip()} dan Lingkungan"
            )
        return agency


def _take(remaining: Iterator[int]) -> int:
    try:
        return next(remaining)
    except StopIteration:
        raise ValueError("too few people for every course of the year: ask for 150 or more") from None
