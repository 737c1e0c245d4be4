"""Zip packages (DOCX, XLSX) without a clock: the same members make the same bytes."""

from __future__ import annotations

import io
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)


def normalised(package: bytes) -> bytes:
    """The package with every member's time, mode and system fixed; members keep their order."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as made:
        for member in source.infolist():
            entry = zipfile.ZipInfo(member.filename, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            entry.external_attr = 0
            made.writestr(entry, source.read(member), compresslevel=6)
    return target.getvalue()
