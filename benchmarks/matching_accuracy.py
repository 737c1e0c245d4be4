"""How right the matching is on people of whom the truth is known: the sandbox's, with every kind of planted difference.

Hard kinds (no exact key finds the person) are planted on many more than in the sandbox, so that shares mean something.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from padan.matching import people
from padan.matching.registry import Tier
from padan.matching.run import apply
from sandbox.agencies import build_agencies
from sandbox.days import FIRST_DAY
from sandbox.differences import KINDS, Kind, Planted, Record, record_of, spare_nip
from sandbox.people import Person, Population, Side, Wish

TIERS = {
    "nip_corrected": Tier("nip_corrected", Decimal(1), Decimal(1)),
    "probabilistic": Tier("probabilistic", Decimal("0.999"), Decimal("0.5")),
}
_ALWAYS = (True, True, True)
_IDENTITY = [kind for kind in KINDS if kind.settled and not kind.beyond and kind.name != "nik_swapped"]
_HARD = [kind for kind in KINDS if not kind.settled]


@dataclass(frozen=True)
class Measured:
    """True pairs and found ones, by planted kind, and how many pairs a person is asked about."""

    true: Counter[str]
    found: Counter[str]
    wrong: int
    review: int
    model: str

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found."""
        return sum(self.found.values()) / sum(self.true.values())

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true."""
        right = sum(self.found.values())
        return right / (right + self.wrong)

    def figures(self) -> dict[str, Any]:
        """Ready for JSON; ``kinds``: true and found pairs of each planted kind."""
        return {
            "true": sum(self.true.values()),
            "wrong": self.wrong,
            "review": self.review,
            "precision": self.precision,
            "recall": self.recall,
            "parameters": self.model,
            "kinds": {kind: [count, self.found[kind]] for kind, count in sorted(self.true.items())},
        }


def world(seed: int, each: int, plain: int) -> Iterator[Record]:
    """``plain`` people without a difference, ``each`` of every planted kind, and as many on one side only."""
    agencies = build_agencies()
    population = Population(seed, agencies, FIRST_DAY)
    kinds: list[Kind | None] = [None] * plain
    kinds += [kind for kind in (*_HARD, *_IDENTITY) for _ in range(each if not kind.settled else each // 10)]
    for index, kind in enumerate(kinds):
        person = population.holder(index + 100, kind.wish if kind else Wish())
        planted = Planted(kind, _ALWAYS) if kind else None
        spare = spare_nip(population.register, planted, person) if planted else ""
        yield record_of(person, planted, 1, agencies, spare, None)
    for number in range(2 * each):  # of whom one agency alone knows: they must find no partner
        record = record_of(population.holder(len(kinds) + 100 + number, Wish()), None, 1, agencies, "", None)
        record.bkn, record.bps = (record.bkn, None) if number % 2 else (None, record.bps)
        yield record


def _row(key: str, person: Person, side: Side) -> tuple[Any, ...]:
    born = None if "birth_date" in side.unusable else side.birth_date.isoformat()
    instansi = None if "instansi" in side.unusable else side.agency.id
    return (key, side.nip, person.nip_old, side.nik, side.name, born, "L" if side.male else "P", side.birth_place,
            "PPPK" if side.pppk else "PNS", instansi, side.position.id if side.position else None, "f")  # fmt: skip


def fill(bench: duckdb.DuckDBPyConnection, records: list[Record]) -> dict[str, tuple[str, str]]:
    """Put both sides into ``bkn`` and ``bps`` as the step does; return kind and BPS's id of each true pair by BKN's id.

    Whom the exact keys settle is settled, as by ``int_matching__exact_pairs``.
    """
    sides: dict[str, list[tuple[Any, ...]]] = {"bkn": [], "bps": []}
    true = {}
    for record in records:
        person = record.person
        if record.bkn:
            sides["bkn"].append(_row(person.person_id, person, record.bkn))
        if record.bps and not record.damaged_nip:
            sides["bps"].append(_row(person.holder_id, person, record.bps))
            if record.bkn:
                true[person.person_id] = (record.kind or "none", person.holder_id)
    for table, rows in sides.items():
        random.Random(table).shuffle(rows)
        columns = zip(*rows, strict=True)
        incoming = pa.table({n: pa.array(c, pa.string()) for n, c in zip(people.COLUMNS, columns, strict=True)})
        bench.register("incoming", incoming)
        people.make_plain(bench, table)
        bench.unregister("incoming")
    bench.execute("create table never (person_id_bkn text, holder_id text)")
    bench.execute(
        """
        create table exact as
        with by_nip as (
            select bkn.unique_id as person_id_bkn, bps.unique_id as holder_id from bkn inner join bps using (nip)
        )
        select * from by_nip
        union all
        select bkn.unique_id, bps.unique_id from bkn inner join bps using (nik)
        where bkn.unique_id not in (select person_id_bkn from by_nip)
            and bps.unique_id not in (select holder_id from by_nip)
        """
    )
    bench.execute("update bkn set settled = true where unique_id in (select person_id_bkn from exact)")
    bench.execute("update bps set settled = true where unique_id in (select holder_id from exact)")
    return true


def measure(seed: int, each: int, plain: int) -> Measured:
    """Match a world of its own and hold the pairs, the exact ones too, against the truth."""
    with people.workbench() as bench:
        true = fill(bench, list(world(seed, each, plain)))
        weighing = apply(bench, TIERS)
        pairs = bench.execute(
            "select person_id_bkn, holder_id from exact union all select person_id_bkn, holder_id from found"
        ).fetchall()
        review = bench.execute("select count(*) from doubtful").fetchall()[0][0]
    right = Counter(true[person][0] for person, holder in pairs if true.get(person, ("", ""))[1] == holder)
    return Measured(
        true=Counter(kind for kind, _ in true.values()),
        found=right,
        wrong=len(pairs) - sum(right.values()),
        review=int(review),
        model=weighing.model.source if weighing else "none",
    )
