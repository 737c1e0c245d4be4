"""What the two agencies hold differently: each planted difference, on whom, and on which days it shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from padan.agreement.model import PartyCode
from sandbox.agencies import Agency
from sandbox.careers import Step
from sandbox.days import add_months, day_of
from sandbox.identifiers import IdentityRegister, mistyped_nik
from sandbox.names import BIRTH_PLACES, folded, misspelt, shortened, spelt_otherwise
from sandbox.people import Person, Side, Wish
from sandbox.reference import EMPLOYMENT_STATUS, FOSTERED, JENJANG, PNS_LADDER, STUDIES

_HIGHER = {"15": "30", "30": "40", "35": "45", "40": "45", "45": "50"}
# How a planted difference lives, a letter for each run (the last one goes on): "." the sides agree, "x" they differ,
# "y" they differ in another way, "o" both hold what only one still holds later.
_STEADY, _MENDED, _NEW, _RECURRING = "xxx", "x..", ".xx", "x.x"
_CHANGING = (_MENDED, _NEW, _RECURRING)


@dataclass(slots=True)
class Record:
    """One person as both agencies hold them on one day."""

    person: Person
    kind: str | None = None
    bkn: Side | None = None
    bps: Side | None = None
    export_nip: str | None = None  # NIP as the portal export shows it, if otherwise than BKN's
    duplicate: bool = False  # BPS holds the person twice
    children: bool = True  # BPS holds histories of the person
    dirt: set[str] = field(default_factory=set)  # history datasets of which one row holds an unusable value
    damaged_nip: bool = False  # BPS's NIP has 17 digits: the row cannot be landed


@dataclass(frozen=True, slots=True)
class Planted:
    """A difference of ``kind`` that a person carries on the days of its life."""

    kind: Kind
    life: str
    partner: int | None = None  # the person whose NIK is swapped with this one's

    def phase(self, day: int) -> str:
        """The letter of its life on ``day``."""
        return self.life[min(day, len(self.life)) - 1]


@dataclass(frozen=True, slots=True)
class Change:
    """What a kind may use to make its difference; ``spare_nip`` is the other NIP that some kinds need."""

    rng: random.Random
    agencies: list[Agency]
    spare_nip: str
    partner: Person | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of planted difference.

    ``share`` is per mille of the holders. ``settled`` is False where exact keys cannot find both records of the person.
    ``lives``: how those live that are not there every day; what a warehouse refuses to land only ever gets mended, for
    had it come later, the good row of the day before would still stand. ``beyond``: planted on people who are not on
    BPS's list. ``spare``: the other NIP that it needs, "typo", "transposed", "digit" or "pppk".
    """

    name: str
    apply: Callable[[Record, Side, Side, Change], None]
    wish: Wish = Wish()
    share: int = 5
    settled: bool = True
    lives: tuple[str, ...] = _CHANGING
    beyond: bool = False
    spare: str = ""


def _either(change: Change, bkn: Side, bps: Side) -> Side:
    return bps if change.rng.random() < 0.6 else bkn


def _name_typo(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    side = _either(change, bkn, bps)
    side.name = misspelt(change.rng, side.name)


def _name_variant(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.name = spelt_otherwise(change.rng, bps.name)


def _golongan_lag(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.ranks = bps.ranks[:-1]


def _golongan_wrong(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    last = bps.ranks[-1]
    near = [code for code in PNS_LADDER if code != last.code and abs(int(code) - int(last.code)) <= 12]
    bps.ranks = (*bps.ranks[:-1], Step(change.rng.choice(near), last.tmt))


def _golongan_tmt_lag(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    last = bps.ranks[-1]
    bps.ranks = (*bps.ranks[:-1], Step(last.code, add_months(last.tmt, -6)))


def _jf_tmt_lag(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    side = _either(change, bkn, bps)
    last = side.positions[-1]
    side.positions = (*side.positions[:-1], Step(last.code, add_months(last.tmt, -change.rng.randrange(2, 7))))


def _unit_moved(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    side = _either(change, bkn, bps)
    side.unit = change.rng.choice(
        [unit for unit in side.agency.staffed_units if folded(unit.name) != folded(side.unit.name)]
    )


def _agency_changed(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    side = _either(change, bkn, bps)
    side.agency = change.rng.choice([agency for agency in change.agencies if agency is not side.agency])
    side.unit = change.rng.choice(side.agency.staffed_units)


def _employment_status(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.status = change.rng.choice([code for code in EMPLOYMENT_STATUS.values() if code not in (bkn.status, "71")])


def _education(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    higher = _HIGHER.get(bkn.studies[-1].level)
    if higher:
        bkn.studies = (*bkn.studies, change.rng.choice(STUDIES[higher]))
    else:
        bps.studies = bps.studies[:-1]


def _promotion_at_bps_only(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bkn.positions = bkn.positions[:-1]


def _jenjang_wrong(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.jenjang_override = change.rng.choice([code for code in JENJANG if code != bps.jenjang])


def _jf_moved(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    last = bps.positions[-1]
    same_level = [
        row.code for row in FOSTERED if row.jenjang == bps.jenjang and row.code != last.code and row.status == "N"
    ]
    bps.positions = (*bps.positions[:-1], Step(change.rng.choice(same_level), last.tmt))


def _jf_left(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bkn.positions = ()


def _credit_missing_at_bkn(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bkn.credits = bkn.credits[:-1]


def _credit_wrong(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    last = bps.credits[-1]
    bps.credits = (*bps.credits[:-1], replace(last, points=last.points + change.rng.randrange(5, 40) * 500))


def _birth_date(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    born = bps.birth_date
    turned = born.replace(month=born.day, day=born.month) if born.day <= 12 and born.day != born.month else None
    bps.birth_date = turned or born + timedelta(days=change.rng.choice((-10, -1, 1, 10)))


def _sex(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    side = _either(change, bkn, bps)
    side.male = not side.male


def _birth_place(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    if change.rng.random() < 0.5:
        bps.birth_place = misspelt(change.rng, bps.birth_place)
    else:
        bps.birth_place = change.rng.choice([place for place in BIRTH_PLACES if place != bps.birth_place])


def _titles(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    choice = change.rng.randrange(3)
    if choice == 0:
        bps.title_front = None if bps.title_front else "Drs."
    elif choice == 1 and bps.title_back:
        bps.title_back = None
    else:
        bps.title_back = f"{bps.title_back}, M.M." if bps.title_back else "S.Sos."


def _nik_swapped(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    if change.partner is None:
        raise ValueError("a swapped NIK needs the person it was swapped with")
    bps.nik = change.partner.truth.nik


def _nik_missing(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    _either(change, bkn, bps).nik = None


def _nip_mistyped(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.nip = change.spare_nip


def _nip_old(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    start = date(bkn.ranks[0].tmt.year - 3, 3, 1)
    bps.nip, bps.pppk, bps.status = change.spare_nip, True, "71"
    bps.ranks, bps.positions = (Step("59", start),), (Step(bps.positions[-1].code, start),)


def _missing_at_bkn(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    record.bkn = None


def _missing_at_bps(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    record.bps = None


def _both_keys_wrong(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.nip, bps.nik = change.spare_nip, mistyped_nik(bps.nik or "")


def _keys_wrong_and(*further: Callable[[Record, Side, Side, Change], None]) -> Callable[..., None]:
    """Neither key finds the person, and more is wrong than they."""

    def apply(record: Record, bkn: Side, bps: Side, change: Change) -> None:
        bps.nip, bps.nik = change.spare_nip, mistyped_nik(bps.nik or "")
        for one in further:
            one(record, bkn, bps, change)

    return apply


def _name_misspelt_at_bps(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.name = misspelt(change.rng, bps.name)


def _name_shortened(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.name = shortened(change.rng, bps.name)


def _nik_mistyped(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.nik = mistyped_nik(bps.nik or "")


def _old_nip_and_nik(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    _nip_old(record, bkn, bps, change)
    _nik_mistyped(record, bkn, bps, change)


def _duplicate_at_bps(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    record.duplicate = True


def _instansi_unmapped(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.unusable["instansi"] = change.rng.choice(("0999", UNMAPPED_INSTANSI_CODE))


def _education_unmapped(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.unusable["education_level"] = "S2T"


def _birth_date_impossible(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bkn.unusable["birth_date"] = f"31-02-{bkn.birth_date.year}"


def _golongan_tmt_impossible(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bkn.unusable["golongan_tmt"] = f"31-02-{bkn.ranks[-1].tmt.year}"


def _jf_tmt_impossible(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.unusable["jf_tmt"] = f"{bps.positions[-1].tmt.year}-02-31"


def _credit_in_words(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    bps.unusable["credit_total"] = "dua belas"


def _nip_of_17_digits(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    # Keyed in by hand today: no history yet, so that no row hangs on a holder that cannot be landed.
    bps.nip, record.children, record.damaged_nip = bps.nip[:-1], False, True


def _export_nip_damaged(record: Record, bkn: Side, bps: Side, change: Change) -> None:
    record.export_nip = f"{bkn.nip[0]},{bkn.nip[1:6]}E+17"  # what a spreadsheet does to a NIP


def _dirty(dataset: str) -> Callable[[Record, Side, Side, Change], None]:
    def apply(record: Record, bkn: Side, bps: Side, change: Change) -> None:
        record.dirt.add(dataset)

    return apply


# In reference-codes, but without a code at BKN.
UNMAPPED_INSTANSI_CODE = "0998"
_ESTABLISHED = Wish(established=True)
KINDS: tuple[Kind, ...] = (
    Kind("name_typo", _name_typo, share=12),
    Kind("name_variant", _name_variant),
    Kind("golongan_lag", _golongan_lag, _ESTABLISHED, share=10),
    Kind("golongan_wrong", _golongan_wrong, _ESTABLISHED),
    Kind("golongan_tmt_lag", _golongan_tmt_lag, _ESTABLISHED),
    Kind("jf_tmt_lag", _jf_tmt_lag, _ESTABLISHED, share=10),
    Kind("unit_moved", _unit_moved, share=12),
    Kind("agency_changed", _agency_changed),
    Kind("employment_status", _employment_status, _ESTABLISHED),
    Kind("education", _education),
    Kind("promotion_at_bps_only", _promotion_at_bps_only, _ESTABLISHED, share=8),
    Kind("jenjang_wrong", _jenjang_wrong),
    Kind("jf_moved", _jf_moved, _ESTABLISHED),
    Kind("jf_left", _jf_left, _ESTABLISHED),
    Kind("credit_missing_at_bkn", _credit_missing_at_bkn, _ESTABLISHED),
    Kind("credit_wrong", _credit_wrong, _ESTABLISHED),
    Kind("birth_date", _birth_date),
    Kind("sex", _sex, share=3),
    Kind("birth_place", _birth_place),
    Kind("titles", _titles, share=8),
    Kind("nik_swapped", _nik_swapped),
    Kind("nik_missing", _nik_missing),
    Kind("nip_mistyped", _nip_mistyped, spare="typo"),
    Kind("nip_old", _nip_old, Wish(fresh=True), spare="pppk"),
    Kind("missing_at_bkn", _missing_at_bkn),
    Kind("both_keys_wrong", _both_keys_wrong, share=3, settled=False, spare="typo"),
    Kind("duplicate_at_bps", _duplicate_at_bps, share=3),
    Kind("instansi_unmapped", _instansi_unmapped, share=4),
    Kind("education_unmapped", _education_unmapped, share=3),
    Kind("birth_date_impossible", _birth_date_impossible, share=3),
    Kind("golongan_tmt_impossible", _golongan_tmt_impossible, share=3),
    Kind("jf_tmt_impossible", _jf_tmt_impossible, share=3),
    Kind("credit_in_words", _credit_in_words, _ESTABLISHED, share=3),
    Kind("nip_of_17_digits", _nip_of_17_digits, share=3, lives=(_MENDED,)),
    Kind("export_nip_damaged", _export_nip_damaged, share=2, lives=(_MENDED,)),
    Kind("deleted_at_bps", _missing_at_bps, share=3, lives=(_NEW,)),
    Kind("dirty_rw_golongan", _dirty("rw_golongan"), _ESTABLISHED, share=3),
    Kind("dirty_rw_jabatan", _dirty("rw_jabatan"), _ESTABLISHED, share=3),
    Kind("dirty_credits", _dirty("credits"), _ESTABLISHED, share=3),
    Kind("dirty_competence_tests", _dirty("competence_tests"), _ESTABLISHED, share=3, lives=(_MENDED,)),
    Kind("missing_at_bps", _missing_at_bps, share=8, beyond=True),
    # Behind the others, so that who carries those stays as it was. No exact key finds these.
    Kind("nip_transposed", _keys_wrong_and(), share=2, settled=False, spare="transposed"),
    Kind("nip_digit_wrong", _keys_wrong_and(), share=2, settled=False, spare="digit"),
    Kind("nip_old_nik_wrong", _old_nip_and_nik, Wish(fresh=True), share=2, settled=False, spare="pppk"),
    Kind("keys_and_name_variant", _keys_wrong_and(_name_variant), share=2, settled=False, spare="typo"),
    Kind("keys_and_name_typo", _keys_wrong_and(_name_misspelt_at_bps), share=2, settled=False, spare="typo"),
    Kind("keys_and_initial", _keys_wrong_and(_name_shortened), share=2, settled=False, spare="typo"),
    Kind("keys_and_birth_date", _keys_wrong_and(_birth_date), share=2, settled=False, spare="typo"),
    Kind("keys_and_agency", _keys_wrong_and(_agency_changed, _birth_place), share=2, settled=False, spare="typo"),
)


class Plan:
    """Which people carry which planted difference: the same on every day of a world, at most one kind each."""

    name = "days"
    everyone_changes = False  # from run to run: only those on whom a difference comes or goes

    def __init__(self, seed: int, people: int) -> None:
        self._planted: dict[int, Planted] = {}
        # The first people, who make sure that each JF occurs, stay as they are.
        order = list(range(len(FOSTERED), people))
        random.Random(f"{seed}/plan").shuffle(order)
        remaining = iter(order)
        self.people = people
        self.beyond = 0
        for number, kind in enumerate(KINDS):
            count = max(2, round(people * kind.share / 1000))
            if kind.beyond:
                self._plant(number, kind, list(range(people, people + count)))
                self.beyond += count
            else:
                pairs = 2 if kind.name == "nik_swapped" else 1
                self._plant(number, kind, [_take(remaining) for _ in range(count * pairs)])

    def _plant(self, number: int, kind: Kind, indexes: list[int]) -> None:
        swapped = kind.name == "nik_swapped"
        for place, index in enumerate(indexes):
            turn = place // 2 if swapped else place
            life = kind.lives[(number + turn) % len(kind.lives)] if turn % 8 in (1, 2, 3) else _STEADY
            partner = indexes[place ^ 1] if swapped else None
            self._planted[index] = Planted(kind, _NEW if kind.lives == (_NEW,) else life, partner)

    @staticmethod
    def date_of(run: int) -> date:
        """The date of a run: the runs of this plan are days."""
        return day_of(run)

    def of(self, index: int) -> Planted | None:
        """What is planted on the holder ``index``."""
        return self._planted.get(index)

    def wish(self, index: int) -> Wish:
        """What the plan needs of the holder ``index``."""
        planted = self._planted.get(index)
        return planted.kind.wish if planted else Wish()

    def agency(self, agency: Agency, party: PartyCode, run: int) -> Agency:
        """The agency as ``party`` knows it in a run: on these days none is renamed."""
        return agency

    def indexes(self) -> Iterator[int]:
        """All holders: BPS's list first, then those beyond it."""
        return iter(range(self.people + self.beyond))


def _take(remaining: Iterator[int]) -> int:
    try:
        return next(remaining)
    except StopIteration:
        raise ValueError("too few people to plant every kind of difference on: ask for 120 or more") from None


def spare_nip(register: IdentityRegister, planted: Planted, person: Person) -> str:
    """The other NIP that a planted difference needs; handed out once for each person, whatever the day."""
    rng = random.Random(f"{person.noise_seed}/spare")
    truth = person.truth
    if planted.kind.spare == "typo":
        return register.mistyped_nip(rng, truth.nip)
    if planted.kind.spare in ("transposed", "digit"):
        return register.slipped_nip(rng, truth.nip, planted.kind.spare == "transposed")
    if planted.kind.spare == "pppk":
        return register.nip_pppk(rng, truth.birth_date, truth.ranks[0].tmt.year - 3, truth.male)
    return ""


def record_of(
    person: Person, planted: Planted | None, day: int, agencies: list[Agency], spare: str, partner: Person | None
) -> Record:
    """The person as both agencies hold them on ``day``."""
    bkn, bps = replace(person.truth, unusable={}), replace(person.truth, unusable={})
    record = Record(person, bkn=bkn, bps=bps)
    phase = planted.phase(day) if planted else "."
    if planted and phase != ".":
        record.kind = planted.kind.name
        rng = random.Random(f"{person.noise_seed}/{planted.kind.name}{'/y' if phase == 'y' else ''}")
        planted.kind.apply(record, bkn, bps, Change(rng, agencies, spare, partner))
        if phase == "o":
            record.bkn = replace(bps)
    return record
