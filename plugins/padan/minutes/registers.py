"""The files that officers keep and review: activities, incidents, evidence, corrections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from padan.minutes.errors import RegisterError
from padan.minutes.inputs import Activity, Correction, Incident, ManualEvidence
from padan.minutes.period import Period

Kept = TypeVar("Kept", bound=BaseModel)


def _content(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise RegisterError(f"the register has no readable {path.name}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise RegisterError(f"{path.name}:{mark.line + 1 if mark else 1}: not YAML in UTF-8") from None


def _validated(path: Path, kind: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(_content(path) or [])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RegisterError(f"{path.name}: {place}: {first['msg']}") from None


def _kept(folder: Path, name: str, kind: type[Kept]) -> tuple[Kept, ...]:
    path = folder / name
    found: Sequence[Kept] = _validated(path, tuple[kind, ...]) if path.exists() else ()  # type: ignore[valid-type]
    return tuple(found)


def activities(folder: Path, period: Period) -> tuple[Activity, ...]:
    """Activities of the semester, the oldest first."""
    found = [one for one in _kept(folder, "activities.yaml", Activity) if Period.containing(one.held_on) == period]
    return tuple(sorted(found, key=lambda one: (one.held_on, one.id)))


def incidents(folder: Path, period: Period) -> tuple[Incident, ...]:
    """Incidents of the semester, the oldest first."""
    found = [one for one in _kept(folder, "incidents.yaml", Incident) if Period.containing(one.occurred_on) == period]
    return tuple(sorted(found, key=lambda one: (one.occurred_on, one.id)))


def evidence(folder: Path, period: Period) -> tuple[ManualEvidence, ...]:
    """Evidence dated in the semester, the oldest first."""
    found = [one for one in _kept(folder, "evidence.yaml", ManualEvidence) if Period.containing(one.dated) == period]
    return tuple(sorted(found, key=lambda one: (one.dated, one.obligation, one.text)))


def correction(folder: Path, period: Period, edition: int) -> Correction:
    """The reviewed correction that makes ``edition`` of a semester.

    Raises:
        RegisterError: there is none, or it is of another edition.
    """
    path = folder / "corrections" / f"{period}-{edition}.yaml"
    if not path.exists():
        raise RegisterError(
            f"edition {edition} of {period} needs a reviewed correction: register/corrections/{path.name} is not there"
        )
    found: Correction = _validated(path, Correction)
    if (found.period, found.edition) != (str(period), edition):
        raise RegisterError(f"{path.name} is about {found.period}, edition {found.edition}")
    return found
