"""The clauses that an agreement file is made of.

Source of every rule: PKS BPS-BKN 37.03.23/HK.610/PKS/12/2023 and 41/HM.04.01/2023; the article is named at each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

PartyCode = Literal["bkn", "bps"]
Personal = Literal["none", "indirect", "direct", "sensitive"]
Action = Literal["extract", "publish", "alert", "notice"]
Text = Annotated[str, Field(min_length=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Location = tuple[str | int, ...]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(Strict):
    """Something that the agreement says, or that we assume because it does not say."""

    cites: tuple[str, ...] = Field(default=(), description="where the text says it: preamble, annex, 6, 6(2), 3(2)d")
    assumption: str = Field(default="", description="why it is assumed, where the text leaves it open")


def snake_case(field: str) -> str:
    """The column name of a field: ``golRuangAkhirId`` -> ``gol_ruang_akhir_id``, ``jenisKPId`` -> ``jenis_kp_id``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", field)
    return spaced.lower()


class Article(Strict):
    """An article of the text, and the paragraphs and lettered points that can be cited."""

    number: Annotated[int, Field(ge=1)]
    title: Text
    paragraphs: dict[int, Annotated[str, Field(pattern=r"^[a-z]?$")]] = Field(
        default_factory=dict, description="paragraph number -> letter of its last point, or nothing"
    )

    def references(self) -> Iterator[str]:
        """Every form in which the article can be cited."""
        yield str(self.number)
        for paragraph, last in self.paragraphs.items():
            yield f"{self.number}({paragraph})"
            for letter in range(ord("a"), ord(last) + 1) if last else ():
                yield f"{self.number}({paragraph}){chr(letter)}"


class Precedent(Clause):
    """A document that the parties signed before and refer to (preamble c)."""

    title: Text
    numbers: tuple[Text, ...]
    dated: Text = Field(description="as the text dates it")


class Party(Clause):
    """One of the two parties (PKS preamble)."""

    name: str
    role: Literal["PIHAK KESATU", "PIHAK KEDUA"]
    signatory: str
    signatory_title: str
    appointed_by: str = Field(default="", description="decision that appointed the signatory")
    address: str = ""
    function: str = Field(default="", description="the public function for which it exchanges data")


class Validity(Clause):
    """From signing, both days included (PKS article 6)."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Validity:
        if self.end < self.start:
            raise PydanticCustomError("validity_reversed", "validity ends before it starts")
        return self


class Purpose(Clause):
    """What the exchange is for (PKS articles 1 and 2)."""

    text: Text


class LegalBasis(Clause):
    """A law or an article on which an exchange rests."""

    id: Identifier
    text: Text


class Retention(Clause):
    """How long data is kept and how it is destroyed."""

    id: Identifier
    days: Annotated[int, Field(ge=0)]
    counted_from: Literal["received", "superseded", "agreement_end"]
    disposal: Text = Field(description="how it is destroyed or deleted when the term is over")
    covers: tuple[str, ...] = Field(default=(), description="Padan's own records that it holds for, as schema.table")


class ItemTerms(Clause):
    """Legal basis and retention of many items at once; the terms with the most conditions win, then the later ones."""

    party: PartyCode
    datasets: tuple[str, ...] = Field(default=(), description="empty: every dataset of the party")
    personal: tuple[Personal, ...] = Field(default=(), description="empty: every class")
    legal_basis: str = ""
    retention: str = ""

    @property
    def key(self) -> str:
        """How reports call it: the conditions."""
        return " ".join((self.party, *self.datasets, *self.personal))

    def match(self, dataset: Dataset, item: Item) -> int | None:
        """How many conditions the item meets, or None if it fails one."""
        if self.party != dataset.party:
            return None
        if self.datasets and dataset.name not in self.datasets:
            return None
        if self.personal and item.personal not in self.personal:
            return None
        return bool(self.datasets) + bool(self.personal)


class Authority(Clause):
    """Whose value is presumed right where the two sides differ; the other party mends its own."""

    party: Literal["bkn", "bps", "none"]
    attributes: Annotated[tuple[Identifier, ...], Field(min_length=1)]

    @property
    def key(self) -> str:
        """How reports call it."""
        return self.party


class Superior(Strict):
    """Whom a liaison unit answers to: told when differences stay unmended long after their term."""

    unit: str
    email: str


class LiaisonUnit(Clause):
    """The unit that a party appointed for correspondence (PKS article 8)."""

    party: PartyCode
    unit: str
    email: str
    address: str = ""
    phone: str = ""
    valid_from: date
    valid_to: date | None = None
    notified: date | None = Field(default=None, description="day of the written notice of this change (article 8(2))")
    superior: Superior | None = Field(default=None, description="absent: delays are told to the liaison unit alone")

    @model_validator(mode="after")
    def _ordered(self) -> LiaisonUnit:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("liaison_reversed", "the liaison unit's term ends before it starts")
        return self


class Cadence(Strict):
    """When a duty falls due."""

    kind: Literal["continuous", "periodic", "on_event"]
    times_per_year: Annotated[int, Field(ge=1)] | None = None
    event: str = Field(default="", description="what makes it fall due")
    within_days: Annotated[int, Field(ge=0)] | None = None
    day_kind: Literal["calendar", "working"] = "calendar"
    months_before_end: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Cadence:
        if (self.kind == "periodic") != (self.times_per_year is not None):
            raise PydanticCustomError("cadence", "times_per_year belongs to a periodic duty, and to no other")
        if (self.kind == "on_event") != bool(self.event):
            raise PydanticCustomError("cadence", "event belongs to a duty that an event makes due, and to no other")
        return self


class Obligation(Clause):
    """A duty of a party (PKS articles 3, 4, 6 to 10)."""

    id: Identifier
    owed_by: Annotated[tuple[PartyCode, ...], Field(min_length=1)]
    duty: Text
    cadence: Cadence
    evidence: Identifier = Field(description="what shows that it was done")


Topic = Literal[
    "impetus", "subjects", "frequency", "processing", "onward_disclosure", "principles", "impact_assessment",
    "security", "withdrawal", "proportionality", "costs", "automatic_end", "confidentiality", "liability",
    "survival", "force_majeure", "disputes", "amendment", "copies", "monitoring",
]  # fmt: skip


class Provision(Clause):
    """What the text says about a matter that is no duty, term or item."""

    topic: Topic
    text: Text


class Suspension(Clause):
    """Force majeure: the party that meets it is free of its duties meanwhile (PKS article 10)."""

    party: PartyCode
    start: date
    end: date | None = Field(default=None, description="last day; open while it lasts")
    cause: Text
    notified: date | None = Field(default=None, description="day of the written notice to the other party")
    statement: str = Field(default="", description="the authority's written statement that the notice must carry")
    suspends: tuple[Literal["extract", "publish", "alert"], ...] = ("extract", "publish", "alert")

    @model_validator(mode="after")
    def _ordered(self) -> Suspension:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("suspension_reversed", "the suspension ends before it starts")
        return self

    def covers(self, day: date, action: Action) -> bool:
        """Whether ``action`` rests on ``day``."""
        return action in self.suspends and self.start <= day and (self.end is None or day <= self.end)


class Scope(Clause):
    """Which functional positions the exchange is about: those that BPS fosters (PKS article 2 (1))."""

    fostering_instansi_id: str = Field(description="SIASN instansi id of the fostering agency (kel_jabatan.pembinaId)")
    kel_jabatan_ids: Annotated[tuple[str, ...], Field(min_length=1)]
    jf_codes: Annotated[tuple[str, ...], Field(min_length=1, description="short codes (cepat_kode) of the JFs")]


class Item(Clause):
    """One data item of the annex (PKS articles 3 and 4: *rincian data yang tercantum dalam Lampiran*)."""

    field: str = Field(description="name on the wire, to the letter, misspelt where the source misspells it")
    column: str = ""
    meaning: str
    personal: Personal = "none"
    required: bool = Field(
        default=False, description="a row without it is quarantined; absent everywhere, publication stops"
    )
    rule: Literal["", "nip", "nik"] = Field(default="", description="format that the value must have to be landed")
    legal_basis: str = Field(default="", description="its own, where the item terms do not fit")
    retention: str = Field(default="", description="its own, where the item terms do not fit")

    @model_validator(mode="after")
    def _default_column(self) -> Item:
        if not self.column:
            object.__setattr__(self, "column", snake_case(self.field))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.column):
            raise ValueError(f"column {self.column!r} is not a lower-case identifier")
        return self


class Dataset(Clause):
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
        twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
        if twice:
            raise PydanticCustomError(
                "column_twice",
                "dataset {dataset}: column listed twice: {columns}",
                {"dataset": self.name, "columns": ", ".join(twice)},
            )
        unknown = [key for key in (*self.row_key, self.person_key) if key and key not in self.columns]
        if unknown:
            raise PydanticCustomError(
                "key_not_item",
                "dataset {dataset}: key column not among the items: {columns}",
                {"dataset": self.name, "columns": ", ".join(unknown)},
            )
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the agreed order."""
        return tuple(item.column for item in self.items)

    @property
    def key(self) -> str:
        """``bkn.data_utama``: the dataset's name in addenda and reports."""
        return f"{self.party}.{self.name}"


class Annex(Clause):
    """The list of data items (Lampiran), which is part of the agreement (PKS articles 3(1)a and 4(1)a)."""

    public: bool


class Assumed(Strict):
    """Why a plain value at the top of the file is assumed."""

    about: str
    why: Text


class ItemChange(Strict):
    """One item added to a dataset, or put in the place of the item with the same column."""

    dataset: str = Field(description="party.name")
    item: Item


class Changes(Strict):
    """What an addendum changes; what it does not name stays as it was."""

    extension: Validity | None = Field(
        default=None, description="a further term, from the day after the term before it"
    )
    termination: date | None = Field(default=None, description="the last day, before the term's end (article 6(2))")
    purpose: Purpose | None = None
    scope: Scope | None = None
    parties: dict[PartyCode, Party] = Field(default_factory=dict)
    legal_bases: tuple[LegalBasis, ...] = ()
    retention: tuple[Retention, ...] = ()
    item_terms: tuple[ItemTerms, ...] = Field(default=(), description="added behind those there are")
    authority: tuple[Authority, ...] = Field(default=(), description="each attribute moves to the party named here")
    obligations: tuple[Obligation, ...] = ()
    provisions: tuple[Provision, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    items: tuple[ItemChange, ...] = ()
    remove_datasets: tuple[str, ...] = Field(default=(), description="party.name")
    remove_items: tuple[str, ...] = Field(default=(), description="party.name.column")
    remove_obligations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Changes:
        if not self.model_fields_set:
            raise PydanticCustomError("addendum_empty", "the addendum changes nothing")
        return self


class Addendum(Clause):
    """A written change that both parties signed (PKS article 12)."""

    numbers: dict[PartyCode, Text]
    signed: date
    in_force_from: date
    in_force_to: date | None = None
    announced: date | None = Field(default=None, description="day of the written notice of an extension or end (6(2))")
    summary: Text
    changes: Changes

    @model_validator(mode="after")
    def _ordered(self) -> Addendum:
        if self.in_force_to is not None and self.in_force_to < self.in_force_from:
            raise PydanticCustomError("addendum_reversed", "the addendum ends before it starts")
        if self.in_force_from < self.signed:
            raise PydanticCustomError("addendum_before_signing", "the addendum is in force before it was signed")
        return self

    @property
    def key(self) -> str:
        """Its number at BPS and at BKN."""
        return " / ".join(self.numbers[party] for party in sorted(self.numbers, reverse=True))

    def in_force(self, day: date) -> bool:
        """Whether it holds on ``day``."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


def name_of(location: Location, clause: Any = None) -> str:
    """How reports call the thing at ``location``: ``obligations.minutes`` rather than ``obligations.3``."""
    parts = [str(part) for part in location]
    label = next(
        (str(value) for name in ("id", "key", "topic", "unit", "title") if (value := getattr(clause, name, ""))), ""
    )
    if label and parts[-1].isdigit():
        parts[-1] = label
    return ".".join(parts)


def clauses_of(value: Any, location: Location) -> Iterator[tuple[Location, Clause]]:
    """Every clause within ``value`` and its place, in the file's order."""
    if isinstance(value, Clause):
        yield location, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from clauses_of(getattr(value, name), (*location, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from clauses_of(inner, (*location, key))
    elif isinstance(value, tuple):
        for position, inner in enumerate(value):
            yield from clauses_of(inner, (*location, position))
