"""One synthetic person: what is true of them, which each agency may hold correctly or not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from sandbox.agencies import Agency, Unit
from sandbox.careers import Credit, Step, career, credits_of, pppk_career
from sandbox.identifiers import IdentityRegister
from sandbox.names import BIRTH_PLACES, full_name
from sandbox.reference import (
    BPS_INSTANSI_ID,
    FOSTERED,
    FUNCTIONAL_POSITIONS,
    JENJANG,
    NOT_FOSTERED,
    STUDIES,
    FunctionalPosition,
    Study,
    opaque_id,
)

# Share of the holders in each JF; the rest of 1 falls to Statistisi Ahli Pertama.
_WEIGHTS = {
    "10501": 1, "10502": 5, "10503": 14, "10504": 22, "10505": 3, "10506": 6, "10507": 9, "10508": 1,
    "14909": 1, "14901": 11, "14902": 30, "14903": 40, "14905": 5, "14906": 5, "14907": 4, "14908": 1,
    "87415": 9, "87416": 9, "87417": 8,
}  # fmt: skip
_BPS_SHARE = 0.62


@dataclass(frozen=True, slots=True)
class Wish:
    """What a planted difference needs of the person it is planted on."""

    established: bool = False  # a PNS with several promotions, positions and credits
    fresh: bool = False  # a PNS just appointed, without credit yet
    pppk: bool = False
    agency: int | None = None  # works in this one of the agencies, by place in their list


@dataclass(slots=True)
class Side:
    """What one agency holds about a person, in comparable terms: codes are SIASN's, dates are dates.

    ``unusable`` maps an attribute to the raw value that this agency serves in place of a usable one.
    """

    nip: str
    nik: str | None
    name: str
    title_front: str | None
    title_back: str | None
    birth_place: str
    birth_date: date
    male: bool
    pppk: bool
    status: str  # SIASN kedudukan hukum id
    ranks: tuple[Step, ...]  # golongan ids, oldest first
    positions: tuple[Step, ...]  # JF short codes, oldest first; empty: not (or no longer) in a JF
    credits: tuple[Credit, ...]
    agency: Agency
    unit: Unit
    studies: tuple[Study, ...]  # lowest first
    jenjang_override: str | None = None
    unusable: dict[str, str] = field(default_factory=dict)

    @property
    def position(self) -> FunctionalPosition | None:
        """The present JF."""
        return FUNCTIONAL_POSITIONS[self.positions[-1].code] if self.positions else None

    @property
    def jenjang(self) -> str | None:
        """The present jenjang as this agency writes it."""
        return self.jenjang_override or (self.position.jenjang if self.position else None)

    @property
    def credit_total(self) -> int | None:
        """Credit in thousandths of a point; None: no credit on record."""
        return sum(credit.points for credit in self.credits) if self.credits else None


@dataclass(slots=True)
class Person:
    """One synthetic person with the keys that both agencies gave them."""

    index: int
    person_id: str  # BKN's
    holder_id: str  # BPS's
    nip_old: str | None
    cpns: date
    truth: Side
    earlier_position: str | None  # short code of a JF that BPS does not foster, held before
    other_job: str | None  # "4" pelaksana or "1" structural: not in a JF at all
    noise_seed: str


class Population:
    """Makes the people of one seeded world, one at a time, in a fixed order."""

    def __init__(self, seed: int, agencies: list[Agency], today: date) -> None:
        self._seed, self._agencies, self._today = seed, agencies, today
        self._bps = next(agency for agency in agencies if agency.id == BPS_INSTANSI_ID)
        self._elsewhere = [agency for agency in agencies if agency is not self._bps]
        self.register = IdentityRegister()

    def holder(self, index: int, wish: Wish) -> Person:
        """Someone in a JF that BPS fosters. The first people take each JF once, so that no world lacks one."""
        rng = random.Random(f"{self._seed}/holder/{index}")
        if wish.established:
            choice = rng.choice([row for row in FOSTERED if row.jenjang in ("MU", "PY", "MA") and row.status == "N"])
        elif wish.fresh or wish.pppk:
            choice = rng.choice([row for row in FOSTERED if row.jenjang == "PT"])
        elif index < len(FOSTERED):
            choice = FOSTERED[index]
        else:
            choice = FUNCTIONAL_POSITIONS[rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]]
        agency = self._bps if rng.random() < _BPS_SHARE else rng.choice(self._elsewhere)
        if wish.agency is not None:
            agency = self._agencies[wish.agency]
        return self._person(rng, index, choice, agency, wish)

    def other(self, index: int, in_jf: bool) -> Person:
        """Someone outside the agreement's scope: in a JF that BPS does not foster, or in no JF."""
        rng = random.Random(f"{self._seed}/other/{index}")
        choice = rng.choice(NOT_FOSTERED)
        person = self._person(rng, index, choice, rng.choice(self._agencies), Wish())
        if not in_jf:
            person.other_job = rng.choice(("4", "4", "4", "1"))
            person.truth.positions = ()
            person.truth.credits = ()
        return person

    def _person(
        self, rng: random.Random, index: int, position: FunctionalPosition, agency: Agency, wish: Wish
    ) -> Person:
        male = rng.random() < 0.47
        pppk = wish.pppk or (
            not (wish.established or wish.fresh)
            and JENJANG[position.jenjang].pppk_golongan is not None
            and rng.random() < 0.12
        )
        if pppk:
            ranks, positions = pppk_career(rng, position, self._today)
        else:
            ranks, positions = career(rng, position, self._today, fresh=wish.fresh)
        start = ranks[0].tmt
        entry_age = 19 if position.jenjang == "PM" else rng.choice((22, 23, 23, 24, 25, 26)) + (5 if pppk else 0)
        born = date(start.year - entry_age, rng.randrange(1, 13), rng.randrange(1, 29))
        nip = (
            self.register.nip_pppk(rng, born, start.year, male)
            if pppk
            else self.register.nip_pns(rng, born, start, male)
        )
        studies = _studies(rng, position)
        truth = Side(
            nip=nip,
            nik=self.register.nik(rng, born, male),
            name=full_name(rng, male),
            title_front="Dr." if studies[-1].level == "50" else ("Ir." if rng.random() < 0.02 else None),
            title_back=", ".join(study.title for study in studies if study.title) or None,
            birth_place=rng.choice(BIRTH_PLACES),
            birth_date=born,
            male=male,
            pppk=pppk,
            status="71" if pppk else rng.choices(("01", "03", "02"), (96, 3, 1))[0],
            ranks=ranks,
            positions=positions,
            credits=() if pppk or wish.fresh else credits_of(rng, positions, self._today),
            agency=agency,
            unit=rng.choice(agency.staffed_units),
            studies=studies,
        )
        return Person(
            index=index,
            person_id=opaque_id(self._seed, "person", index),
            holder_id=f"JF{index + 1:08}",
            nip_old=self.register.old_nip(rng) if not pppk and start.year < 2012 else None,
            cpns=start,
            truth=truth,
            earlier_position=rng.choice(NOT_FOSTERED).code if rng.random() < 0.06 else None,
            other_job=None,
            noise_seed=f"{self._seed}/noise/{index}",
        )


def _studies(rng: random.Random, position: FunctionalPosition) -> tuple[Study, ...]:
    school = rng.choice(STUDIES["15"])
    if position.jenjang == "PM":
        return (school,)
    if JENJANG[position.jenjang].skilled:
        return school, rng.choice(STUDIES["30"])
    studies = [school, rng.choice(STUDIES[rng.choice(("35", "40", "40"))])]
    if position.jenjang in ("MU", "MA", "UT") and rng.random() < 0.5:
        studies.append(rng.choice(STUDIES["45"]))
        if position.jenjang in ("MA", "UT") and rng.random() < 0.15:
            studies.append(rng.choice(STUDIES["50"]))
    return tuple(studies)
