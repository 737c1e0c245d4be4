"""Suites of expectations: files in ``expectations/``, read strictly, held against an index of what must run.

``index.yaml`` lists every suite of a stage and its expectations. A file or an expectation that went missing is thereby
an error and cannot look like a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from padan.errors import ConfigurationError
from padan.quality import cases

Stage = Literal["raw", "staging", "comparison", "marts"]
Severity = Literal["critical", "warning"]
Owner = Literal["data-engineering", "liaison-bkn", "liaison-bps", "liaison-both"]
Side = Literal["bkn", "bps", "asn"]
# The types whose results are counts, or can be reduced to counts: no other may be used.
ExpectationType = Literal[
    "expect_column_distinct_values_to_contain_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_to_exist",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_match_regex",
    "expect_compound_columns_to_be_unique",
    "expect_table_row_count_to_be_between",
    "unexpected_rows_expectation",
]
STAGES: tuple[Stage, ...] = get_args(Stage)
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_TemplateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\{attribute\})?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A compared attribute: whose record is presumed right, and its name for people."""

    name: str
    authority: str
    label_id: str

    @property
    def owner(self) -> Owner:
        """The party that must mend: the one that is not the authority; both where there is none."""
        owners: dict[str, Owner] = {"bkn": "liaison-bps", "bps": "liaison-bkn"}
        return owners.get(self.authority, "liaison-both")


class ExpectationFile(_Strict):
    """One expectation as written in a file; with ``for_each`` it stands for one expectation per compared attribute."""

    id: _TemplateName
    type: ExpectationType
    kwargs: dict[str, Any] = {}
    where: dict[str, str] = Field(default={}, description="column: value; only such rows are looked at")
    for_each: Literal["", "attribute"] = ""
    by_person: bool = Field(
        default=False, description="its query judges the rows of each person apart: changed people may be asked alone"
    )
    severity: Severity
    owner: Owner | Literal["{owner}"] = Field(description="who acts on a failure")
    reason: str = Field(min_length=20, description="why it exists, with the article or regulation it follows from")
    cases_query: str = Field(
        default="", description="query over the marts that lists the cases; by default that of quality.cases"
    )
    label_id: str = Field(default="", description="the finding in Bahasa Indonesia, as its liaison unit reads it")
    counted: str = Field(default="baris", description="what its counts count, in Bahasa Indonesia")

    @model_validator(mode="after")
    def _placeholders(self) -> ExpectationFile:
        if ("{attribute}" in self.id) != (self.for_each == "attribute"):
            raise ValueError(f"{self.id}: '{{attribute}}' in the id and for_each: attribute go together")
        if self.owner == "{owner}" and not self.for_each:
            raise ValueError(f"{self.id}: owner '{{owner}}' needs for_each: attribute")
        if self.by_person and self.type != "unexpected_rows_expectation":
            raise ValueError(f"{self.id}: by_person is for a query; what other types judge is known")
        if self.severity == "warning" and self.owner != "data-engineering" and not (self.label_id and self.cases_query):
            raise ValueError(f"{self.id}: a warning to a liaison unit needs a label_id and a cases_query")
        return self


class SuiteFile(_Strict):
    """All expectations of one table, or of one comparison."""

    suite: _Name
    stage: Stage
    table: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$", description="schema.table")]
    description: str
    without_attributes: tuple[str, ...] = Field(default=(), description="compared attributes that it leaves out")
    changes: dict[Side, _Name] = Field(
        default={}, description="side of landing.affected: the column that holds its key; a changed row is one of these"
    )
    expectations: Annotated[tuple[ExpectationFile, ...], Field(min_length=1)]

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that name a row of the table: those of its expectation ``key_unique``; empty if it has none."""
        found = next((item.kwargs for item in self.expectations if item.id == "key_unique"), {})
        return tuple(found.get("column_list", [found["column"]] if "column" in found else []))

    @model_validator(mode="after")
    def _consistent(self) -> SuiteFile:
        names = [expectation.id for expectation in self.expectations]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expectation listed twice: {', '.join(twice)}")
        if not self.suite.startswith(self.stage):
            raise ValueError(f"the name of a suite of stage {self.stage} starts with {self.stage}")
        for expectation in self.expectations:
            if expectation.by_person and not self.changes:
                raise ValueError(f"{expectation.id}: by_person needs the suite's changes")
            if self.stage == "comparison" and expectation.severity == "warning" and not expectation.cases_query:
                raise ValueError(f"{expectation.id}: a warning of a comparison needs a cases_query")
        return self


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation ready to run: placeholders replaced."""

    id: str
    type: ExpectationType
    kwargs: dict[str, Any]
    where: dict[str, str]
    severity: Severity
    owner: Owner
    reason: str
    cases_query: str
    """Lists the cases; never empty."""
    label_id: str
    counted: str
    by_person: bool
    dated: bool
    """It asks something else on another day, so that a row found good then need not be good now."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that must exist for it to run."""
        found: list[str] = list(self.where)
        for argument in _COLUMN_ARGUMENTS:
            value = self.kwargs.get(argument, [])
            found += [value] if isinstance(value, str) else value
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite ready to run."""

    name: str
    stage: Stage
    schema: str
    table: str
    description: str
    changes: dict[Side, str]
    expectations: tuple[Expectation, ...]


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"expectations/{path.name} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"expectations/{path.name} is not YAML{where}") from None


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())


def _read_suite(path: Path) -> SuiteFile:
    try:
        suite = SuiteFile.model_validate(_read_yaml(path))
    except ValidationError as error:
        raise ConfigurationError(f"expectations/{path.name}: {_problems(error)}") from None
    if suite.suite != path.stem:
        raise ConfigurationError(f"expectations/{path.name} holds suite {suite.suite}; the names must be the same")
    return suite


def _read_index(path: Path) -> dict[Stage, dict[str, tuple[str, ...]]]:
    try:
        return TypeAdapter(dict[Stage, dict[str, tuple[str, ...]]]).validate_python(_read_yaml(path))
    except ValidationError as error:
        raise ConfigurationError(f"expectations/{path.name}: {_problems(error)}") from None


def _hold_against_index(suites: Sequence[SuiteFile], index: dict[Stage, dict[str, tuple[str, ...]]]) -> None:
    there = {(suite.stage, suite.suite, item.id) for suite in suites for item in suite.expectations}
    due = {(stage, suite, name) for stage, listed in index.items() for suite, names in listed.items() for name in names}
    missing = ", ".join(f"{suite}.{name}" for _, suite, name in sorted(due - there))
    unlisted = ", ".join(f"{suite}.{name}" for _, suite, name in sorted(there - due))
    if missing:
        raise ConfigurationError(f"index.yaml lists expectations that no file of that stage holds: {missing}")
    if unlisted:
        raise ConfigurationError(f"expectations not listed in index.yaml: {unlisted}")


def read_suites(folder: Path) -> tuple[SuiteFile, ...]:
    """Read all suites of ``folder`` and hold them against ``index.yaml`` there.

    Raises:
        ConfigurationError: a file is malformed, or files and index differ.
    """
    suites = tuple(_read_suite(path) for path in sorted(folder.glob("*.yaml")) if path.name != "index.yaml")
    _hold_against_index(suites, _read_index(folder / "index.yaml"))
    tables = [suite.table for suite in suites]
    twice = sorted({table for table in tables if tables.count(table) > 1})
    if twice:
        raise ConfigurationError(f"two suites look at one table: {', '.join(twice)}")
    return suites


@dataclass(frozen=True, slots=True)
class _Placeholders:
    """What stands for ``{as_of}``, ``{attributes}`` and, in an expectation per attribute, ``{attribute}`` and so on."""

    as_of: date
    attributes: tuple[Attribute, ...]
    attribute: Attribute | None = None

    def fill(self, value: Any) -> Any:
        """``value`` with its placeholders replaced, at any depth; other braces stay."""
        if value == "{attributes}":
            return [item.name for item in self.attributes]
        if isinstance(value, str):
            return reduce(lambda text, item: text.replace(*item), self._texts().items(), value)
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def _texts(self) -> dict[str, str]:
        texts = {"{as_of}": self.as_of.isoformat()}
        if self.attribute:
            texts |= {
                "{attribute}": self.attribute.name,
                "{label_id}": self.attribute.label_id,
                "{owner}": self.attribute.owner,
            }
        return texts


def _dated(item: ExpectationFile) -> bool:
    asked = dict(item.kwargs)
    if item.type == "expect_column_values_to_be_between":
        asked.pop("max_value", None)  # what was not above an earlier day is not above a later one
    return "{as_of}" in str((asked, item.where))


def expand(suite: SuiteFile, attributes: Sequence[Attribute], as_of: date) -> Suite:
    """Replace placeholders: one expectation per attribute where ``for_each`` says so.

    Raises:
        ConfigurationError: a templated expectation, and the registry of attributes is empty; or arguments that are not
            those of the type.
    """
    compared = tuple(item for item in attributes if item.name not in suite.without_attributes)
    expectations: list[Expectation] = []
    for item in suite.expectations:
        if item.for_each and not compared:
            raise ConfigurationError(f"suite {suite.suite}: the attribute registry is empty, {item.id} cannot run")
        for attribute in compared if item.for_each else (None,):
            fill = _Placeholders(as_of, compared, attribute).fill
            fields = {name: fill(getattr(item, name)) for name in Expectation.__slots__ if name != "dated"}
            if not fields["cases_query"]:
                looked = cases.Looked(suite.stage, suite.table, suite.key, fields["kwargs"], fields["where"])
                fields["cases_query"] = cases.query_of(item.type, looked)
            expectations.append(Expectation(**fields, dated=_dated(item)))
    schema, table = suite.table.split(".")
    return Suite(suite.suite, suite.stage, schema, table, suite.description, suite.changes, tuple(expectations))
