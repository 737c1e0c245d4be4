"""The agreement file: strict schema, look-ups by logical date, guard.

Source of every rule: PKS BPS-BKN 37.03.23/HK.610/PKS/12/2023 and 41/HM.04.01/2023; the article is named at each.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from padan.errors import AgreementError, AgreementNotInForce

PartyCode = Literal["bkn", "bps"]
Personal = Literal["none", "indirect", "direct", "sensitive"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def snake_case(field: str) -> str:
    """The column name of a wire field: ``golRuangAkhirId`` -> ``gol_ruang_akhir_id``, ``jenisKPId`` -> ``jenis_kp_id``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", field)
    return spaced.lower()


class Party(_Strict):
    """One of the two parties (PKS preamble)."""

    name: str
    role: Literal["PIHAK KESATU", "PIHAK KEDUA"]
    signatory: str
    signatory_title: str


class Validity(_Strict):
    """From signing, both days included (PKS article 6)."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Validity:
        if self.end < self.start:
            raise ValueError("validity ends before it starts")
        return self


class LiaisonUnit(_Strict):
    """The unit that a party appointed for correspondence (PKS article 8)."""

    party: PartyCode
    unit: str
    email: str
    valid_from: date
    valid_to: date | None = None


class Scope(_Strict):
    """Which functional positions the exchange is about: those that BPS fosters (PKS article 2 (1))."""

    fostering_instansi_id: str = Field(description="SIASN instansi id of the fostering agency (kel_jabatan.pembinaId)")
    kel_jabatan_ids: Annotated[tuple[str, ...], Field(min_length=1)]
    jf_codes: Annotated[tuple[str, ...], Field(min_length=1, description="short codes (cepat_kode) of the JFs")]


class Item(_Strict):
    """One data item of the annex (PKS articles 3 and 4: *rincian data yang tercantum dalam Lampiran*)."""

    field: str = Field(description="name on the wire, to the letter, misspelt where the source misspells it")
    column: str = ""
    meaning: str
    personal: Personal = "none"
    required: bool = Field(default=False, description="a row without it is quarantined; absent everywhere, publication stops")
    rule: Literal["", "nip", "nik"] = Field(default="", description="format that the value must have to be landed")

    @model_validator(mode="after")
    def _default_column(self) -> Item:
        if not self.column:
            object.__setattr__(self, "column", snake_case(self.field))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.column):
            raise ValueError(f"column {self.column!r} is not a lower-case identifier")
        return self


class Dataset(_Strict):
    """A list of data items that one party gives the other."""

    name: str
    party: PartyCode = Field(description="the giver")
    access: Literal["paged", "per_key", "file_drop"]
    purpose: str
    row_key: Annotated[tuple[str, ...], Field(min_length=1, description="columns that identify a row")]
    person_key: str = Field(default="", description="column that holds the NIP, where rows are about people")
    incremental: bool = Field(default=False, description="the source can tell what changed since a moment")
    items: Annotated[tuple[Item, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _keys_are_items(self) -> Dataset:
        columns = [item.column for item in self.items]
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise ValueError(f"dataset {self.name}: column listed twice: {', '.join(twice)}")
        unknown = [key for key in (*self.row_key, self.person_key) if key and key not in columns]
        if unknown:
            raise ValueError(f"dataset {self.name}: key column not among the items: {', '.join(unknown)}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the agreed order."""
        return tuple(item.column for item in self.items)


class Agreement(_Strict):
    """The whole agreement."""

    title: str
    numbers: dict[PartyCode, str]
    fictional: bool
    parties: dict[PartyCode, Party]
    signed: date
    validity: Validity
    scope: Scope
    liaison_units: tuple[LiaisonUnit, ...]
    datasets: tuple[Dataset, ...]

    @field_validator("datasets")
    @classmethod
    def _unique(cls, datasets: tuple[Dataset, ...]) -> tuple[Dataset, ...]:
        names = [(dataset.party, dataset.name) for dataset in datasets]
        if len(set(names)) != len(names):
            raise ValueError("a dataset is listed twice for one party")
        return datasets

    def dataset(self, party: PartyCode, name: str) -> Dataset:
        """The dataset ``name`` given by ``party``.

        Raises:
            AgreementError: if the agreement does not list it; then it may not be requested.
        """
        for dataset in self.datasets:
            if (dataset.party, dataset.name) == (party, name):
                return dataset
        raise AgreementError(f"the agreement lists no dataset {name!r} given by {party}")

    def given_by(self, party: PartyCode) -> tuple[Dataset, ...]:
        """All datasets that ``party`` gives."""
        return tuple(dataset for dataset in self.datasets if dataset.party == party)

    def liaison(self, party: PartyCode, day: date) -> LiaisonUnit:
        """Who is liaison of ``party`` on ``day`` (PKS article 8).

        Raises:
            AgreementError: if nobody is.
        """
        found = [
            unit
            for unit in self.liaison_units
            if unit.party == party and unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to)
        ]
        if len(found) != 1:
            raise AgreementError(f"{len(found)} liaison units of {party} on {day.isoformat()}; there must be one")
        return found[0]

    def require_in_force(self, day: date) -> None:
        """Refuse an exchange outside the validity (PKS article 6).

        Raises:
            AgreementNotInForce: naming the day and the validity.
        """
        if not self.validity.start <= day <= self.validity.end:
            raise AgreementNotInForce(
                f"no exchange on {day.isoformat()}: the agreement is in force from "
                f"{self.validity.start.isoformat()} to {self.validity.end.isoformat()}"
            )


def load_agreement(path: Path) -> Agreement:
    """Read and check an agreement file.

    Raises:
        AgreementError: naming the place in the file and what is wrong there.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AgreementError(f"agreement file cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise AgreementError(f"agreement file is not YAML{where}") from None
    try:
        return Agreement.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
        raise AgreementError(f"agreement file {path.name}: {problems}") from None
