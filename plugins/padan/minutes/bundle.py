"""All files of one edition, from its frozen semester; and the folder that holds them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from padan.minutes import berita_acara, docx, evaluation, pdf, xlsx
from padan.minutes.errors import InputsChanged
from padan.minutes.freeze import FrozenSemester
from padan.minutes.inputs import Frozen, Inputs, PersonalCase, canonical, canonical_inputs, canonical_personal, sha256
from padan.minutes.manifest import Issue, Manifest

MANIFEST, INPUTS, PERSONAL, SUMS = "manifest.json", "inputs.json", "personal.json", "SHA256SUMS"
ANNEXES = {"bps": "lampiran-pihak-kesatu.xlsx", "bkn": "lampiran-pihak-kedua.xlsx"}
PERSONAL_FILES = frozenset({PERSONAL, *ANNEXES.values()})  # deleted when their term is over
KINDS = {berita_acara.NAME: "berita_acara", evaluation.NAME: "evaluasi"}


class Sealed(Frozen):
    """What ``manifest.json`` of a folder says: of what the papers were made, and as which issue."""

    manifest: Manifest
    issue: Issue


def render(frozen: FrozenSemester, issue: Issue) -> dict[str, bytes]:
    """Every file of the edition by name, without the list of their hashes.

    Raises:
        TemplateError: a text lacks a paragraph or a field, or a template does not compile.
    """
    files: dict[str, bytes] = {}
    for build in (berita_acara.build, evaluation.build):
        document = build(frozen.inputs, frozen.manifest, issue)
        files[f"{document.name}.pdf"] = pdf.render(document)
        files[f"{document.name}.docx"] = docx.render(document)
    for party, name in ANNEXES.items():
        files[name] = xlsx.render(frozen.inputs, frozen.personal, party, issue)  # type: ignore[arg-type]
    sealed = Sealed(manifest=frozen.manifest, issue=issue)
    files[MANIFEST] = canonical(sealed.model_dump(mode="json")).encode()
    files[INPUTS] = canonical_inputs(frozen.inputs).encode()
    files[PERSONAL] = canonical_personal(frozen.personal).encode()
    return files


def kind_of(name: str) -> str:
    """The registry's kind of a file."""
    return KINDS.get(name.partition(".")[0], "lampiran" if name.endswith(".xlsx") else "manifes")


def sums(files: Mapping[str, bytes]) -> str:
    """The sidecar, as ``sha256sum --check`` reads it."""
    return "".join(f"{sha256(content)}  {name}\n" for name, content in sorted(files.items()))


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put ``files`` and their sidecar in ``folder``, all at once and for their owner alone; what was there goes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    for name, content in {**files, SUMS: sums(files).encode()}.items():
        path = partial / name
        path.touch(mode=0o600)
        with path.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def thaw(manifest_text: str, inputs_text: str, personal_text: str | None) -> FrozenSemester:
    """The frozen semester from its stored texts; without personal columns where these were deleted (None).

    Raises:
        InputsChanged: a text is not the one that the manifest names, or not readable at all.
    """
    try:
        manifest = Manifest.model_validate_json(manifest_text)
    except ValidationError:
        raise InputsChanged("the manifest cannot be read") from None
    for what, text, wanted in (
        ("frozen inputs", inputs_text, manifest.inputs_sha256),
        ("personal columns", personal_text, manifest.personal_sha256),
    ):
        if text is not None and sha256(text) != wanted:
            raise InputsChanged(f"the {what} of {manifest.period} are not those that its manifest names")
    return FrozenSemester(
        Inputs.model_validate_json(inputs_text),
        TypeAdapter(tuple[PersonalCase, ...]).validate_json("[]" if personal_text is None else personal_text),
        manifest,
    )


def read(folder: Path) -> tuple[FrozenSemester, Issue]:
    """The frozen semester and the issue that a folder holds.

    Raises:
        InputsChanged: a file is missing or altered.
    """
    try:
        texts = {name: (folder / name).read_text(encoding="utf-8") for name in (MANIFEST, INPUTS, PERSONAL)}
        sealed = Sealed.model_validate_json(texts[MANIFEST])
    except (OSError, UnicodeDecodeError):
        raise InputsChanged(f"the folder {folder.name} lacks a readable manifest or input") from None
    except ValidationError:
        raise InputsChanged(f"the manifest of {folder.name} cannot be read") from None
    return thaw(sealed.manifest.canonical, texts[INPUTS], texts[PERSONAL]), sealed.issue


def differences(folder: Path, files: Mapping[str, bytes], sidecar: str | None = None) -> list[str]:
    """Which files of ``folder`` are missing, altered or not of this edition, compared with ``files`` made anew.

    ``sidecar``: what the list of hashes reads where it names more than ``files``.
    """
    found = []
    expected = {**files, SUMS: (sums(files) if sidecar is None else sidecar).encode()}
    for name, content in sorted(expected.items()):
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.read_bytes() != content:
            found.append(f"{name} differs from what its manifest makes")
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    found += [f"{name} does not belong to this edition" for name in sorted(there - set(expected))]
    return found
