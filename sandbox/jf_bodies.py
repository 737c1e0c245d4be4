"""BPS's side of a person, as its JF service tells it (contracts/bps_jf_service.openapi.yaml)."""

from __future__ import annotations

import random
from typing import Any

from sandbox.days import add_months
from sandbox.differences import Record
from sandbox.names import noisy
from sandbox.people import Side
from sandbox.reference import (
    EDUCATION_LEVEL_CODE,
    EMPLOYMENT_STATUS_CODE,
    FUNCTIONAL_POSITIONS,
    GOLONGAN,
    PREDICATES,
)

Row = dict[str, Any]
# Dataset -> the field that identifies a row of it.
KEYS = {
    "holders": "holder_id",
    "position_history": "history_id",
    "credits": "credit_id",
    "competence_tests": "test_id",
    "formations": "formation_id",
    "reference_codes": "code",
}


class JfBodies:
    """The rows that BPS holds about one person, without ``updated_at`` and ``deleted_at``."""

    def __init__(self, record: Record, side: Side, duplicate_id: str) -> None:
        self.record, self.side, self.person = record, side, record.person
        self.rng = random.Random()
        self.duplicate_id = duplicate_id

    def rows(self) -> dict[str, list[Row]]:
        """Dataset -> rows."""
        holder = self._holder()
        found = {"holders": [holder]}
        if self.record.duplicate:
            found["holders"].append({**holder, "holder_id": self.duplicate_id, "name": str(holder["name"]).upper()})
        if self.record.children:
            found |= {
                "position_history": self._positions(),
                "credits": self._credits(),
                "competence_tests": self._tests(),
            }
        return found

    def _begin(self, dataset: str) -> None:
        """Noise of its own for each dataset, so that a difference in one does not stir up the others."""
        self.rng = random.Random(f"{self.person.noise_seed}/jf/{dataset}")

    def _text(self, value: str | None, share: float) -> str | None:
        """``value``, now and then in other dress; nothing is null or empty."""
        chance, dressed = self.rng.random(), noisy(self.rng, value or "")
        if value is None:
            return "" if chance < 0.1 else None
        return dressed if chance < share else value

    def _holder(self) -> Row:
        self._begin("holders")
        side, person = self.side, self.person
        rank = side.ranks[-1]
        credit: float | str | None = side.credit_total / 1000 if side.credit_total is not None else None
        return {
            "holder_id": person.holder_id,
            "nip": side.nip,
            "nip_lama": None if side.pppk else person.nip_old,
            "nik": self._text(side.nik, 0),
            "name": self._text(side.name, 0.15),
            "title_front": self._text(side.title_front, 0.3),
            "title_back": self._text(side.title_back, 0.3),
            "birth_place": self._text(side.birth_place, 0.2),
            "birth_date": side.unusable.get("birth_date") or side.birth_date.isoformat(),
            "sex": "L" if side.male else "P",
            "employment_type": "PPPK" if side.pppk else "PNS",
            "employment_status": EMPLOYMENT_STATUS_CODE[side.status],
            "golongan": GOLONGAN[rank.code].name,
            "golongan_tmt": rank.tmt.isoformat(),
            "jf_code": side.positions[-1].code,
            "jenjang": side.jenjang,
            "jf_tmt": side.unusable.get("jf_tmt") or side.positions[-1].tmt.isoformat(),
            "credit_total": side.unusable.get("credit_total") or credit,
            "instansi_code": side.unusable.get("instansi") or side.agency.code,
            "instansi_name": side.agency.name.strip(),
            "unit_code": side.unit.code,
            "unit_name": self._text(side.unit.name, 0.15),
            "education_level": side.unusable.get("education_level") or EDUCATION_LEVEL_CODE[side.studies[-1].level],
            "education_name": side.studies[-1].name,
            # Not in the agreement: a client has to drop these.
            "phone_number": f"0000{person.index:08}",
            "email": f"pegawai{person.index}@bps.invalid",
        }

    def _positions(self) -> list[Row]:
        self._begin("positions")
        steps = [(step.code, step.tmt) for step in self.side.positions]
        if self.person.earlier_position:
            steps.insert(0, (self.person.earlier_position, add_months(self.person.cpns, 6)))
        rows = []
        for number, (code, tmt) in enumerate(steps):
            rows.append(
                {
                    "history_id": f"PH{self.person.index + 1:08}-{number:02}",
                    "holder_id": self.person.holder_id,
                    "jf_code": code,
                    "jenjang": FUNCTIONAL_POSITIONS[code].jenjang,
                    "instansi_code": self.side.agency.code,
                    "unit_name": self.side.unit.name,
                    "decree_number": f"{self.rng.randrange(1, 999)}/JF/{tmt.year}",
                    "decree_date": add_months(tmt, -1).isoformat(),
                    "tmt": tmt.isoformat(),
                    "appointment_type": "first" if number == 0 else self.rng.choice(("promotion", "transfer")),
                }
            )
        return rows

    def _credits(self) -> list[Row]:
        self._begin("credits")
        rows = []
        for number, credit in enumerate(self.side.credits):
            decided = add_months(credit.end, 1)
            dirty = number == 0 and "credits" in self.record.dirt
            rows.append(
                {
                    "credit_id": f"AK{self.person.index + 1:08}-{number:02}",
                    "holder_id": self.person.holder_id,
                    "period_start": credit.start.isoformat(),
                    "period_end": credit.end.isoformat(),
                    "credit_type": credit.kind,
                    "predicate": None if credit.predicate is None else PREDICATES[credit.predicate][0],
                    "coefficient": credit.coefficient,
                    "credit_points": credit.points / 1000,
                    "decree_number": f"{self.rng.randrange(1, 999)}/PAK/{decided.year}",
                    "decree_date": f"{decided.year}-02-31" if dirty else decided.isoformat(),
                }
            )
        return rows

    def _tests(self) -> list[Row]:
        self._begin("tests")
        rows: list[Row] = []
        for number, step in enumerate(self.side.positions[1:]):
            aimed = FUNCTIONAL_POSITIONS[step.code]
            score: float | Row = self.rng.randrange(140, 200) / 2
            if number == 0 and "competence_tests" in self.record.dirt:
                score = {"value": score, "scale": 100}
            rows.append(
                {
                    "test_id": f"UK{self.person.index + 1:08}-{number:02}",
                    "holder_id": self.person.holder_id,
                    "jf_code": aimed.code,
                    "target_jenjang": aimed.jenjang,
                    "test_date": add_months(step.tmt, -4).replace(day=15).isoformat(),
                    "result": "passed",
                    "score": score,
                }
            )
        return rows


def person_rows(record: Record, duplicate_id: str) -> dict[str, list[Row]]:
    """The rows of each dataset about the person; nothing if BPS does not know them."""
    return {} if record.bps is None else JfBodies(record, record.bps, duplicate_id).rows()
