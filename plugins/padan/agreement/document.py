"""An agreement file as YAML whose every value knows its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from padan.agreement.clauses import Location, Strict
from padan.errors import AgreementError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with an agreement file."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


class AgreementFileError(AgreementError):
    """The agreement file is refused; ``problems`` says where and why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class _Include(Strict):
    """Sections that the file takes from another in the same folder."""

    file: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int


@dataclass(slots=True)
class Source:
    """What a file says, and where it says it."""

    content: Any
    places: dict[Location, Place] = field(default_factory=dict)

    def place(self, location: Location) -> Place:
        """The line of the value at ``location``, or of the nearest thing around it that the file holds."""
        for length in range(len(location), -1, -1):
            if location[:length] in self.places:
                return self.places[location[:length]]
        raise AgreementError("an agreement file without a first line")  # read() always notes ()

    def problem(self, location: Location, rule: str, message: str) -> Problem:
        """A problem of the value at ``location``."""
        place = self.place(location)
        name = ".".join(map(str, location))
        return Problem(place.file, place.line, rule, f"{name}: {message}" if name else message)


class _Loader(yaml.SafeLoader):
    """Refuses what the stock loader lets pass: a key given twice, and a day that is not in the calendar."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is given twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def construct_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_timestamp)


def read(path: Path) -> Source:
    """Read a file and the sections that it includes from others (``include: [{file: ..., sections: [...]}]``).

    Raises:
        AgreementFileError: a file cannot be read, is not YAML, or an included section is not where it should be.
    """
    source = _read_one(path)
    if not isinstance(source.content, dict) or "include" not in source.content:
        return source
    try:
        includes = TypeAdapter(tuple[_Include, ...]).validate_python(source.content["include"])
    except ValidationError as error:
        raise AgreementFileError(
            source.problem(("include", *item["loc"]), "include", item["msg"]) for item in error.errors()
        ) from None
    del source.content["include"]
    problems = [
        problem
        for position, include in enumerate(includes)
        for problem in _take(source, ("include", position), include, path.parent)
    ]
    if problems:
        raise AgreementFileError(problems)
    return source


def _take(source: Source, location: Location, include: _Include, folder: Path) -> Iterator[Problem]:
    if Path(include.file).name != include.file:
        yield source.problem(location, "include_outside", "only a file of the same folder can be included")
        return
    if not (folder / include.file).is_file():
        yield source.problem(location, "include_missing", f"there is no file {include.file}")
        return
    other = _read_one(folder / include.file)
    for section in include.sections:
        if section in source.content:
            yield source.problem((section,), "section_twice", f"it also comes from {include.file}")
        elif not isinstance(other.content, dict) or section not in other.content:
            yield source.problem(location, "include_lacks_section", f"{include.file} has no section {section}")
        else:
            source.content[section] = other.content[section]
            source.places.update({at: place for at, place in other.places.items() if at[:1] == (section,)})


def _read_one(path: Path) -> Source:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AgreementFileError([Problem(path.name, 0, "unreadable", str(error.strerror))]) from None
    except UnicodeDecodeError:
        raise AgreementFileError([Problem(path.name, 0, "unreadable", "it is not UTF-8")]) from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise AgreementFileError([Problem(path.name, line, "yaml", str(error.problem))]) from None
    except yaml.YAMLError:
        raise AgreementFileError([Problem(path.name, 1, "yaml", "a character that YAML does not allow")]) from None
    places = {at: Place(path.name, line) for at, line in _lines(node, (), ())} if node else {}
    return Source(content, {(): Place(path.name, 1), **places})


def _lines(node: yaml.Node, location: Location, around: tuple[yaml.Node, ...]) -> Iterator[tuple[Location, int]]:
    if any(node is outer for outer in around):  # an alias to the thing that it is in
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = int(key.value) if key.tag.endswith(":int") else key.value
            yield (*location, name), key.start_mark.line + 1
            yield from _lines(value, (*location, name), (*around, node))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield (*location, position), value.start_mark.line + 1
            yield from _lines(value, (*location, position), (*around, node))
