"""Why a paper is refused. Nothing is half-published: each is raised before anything final is written."""

from __future__ import annotations

from padan.errors import PadanError


class MinutesRefused(PadanError):
    """The papers of a semester cannot be drafted, approved or published as asked."""


class SemesterNotClosed(MinutesRefused):
    """The semester is not over, or the marts do not stand at its end."""


class InputsChanged(MinutesRefused):
    """What the manifest counted is no longer what the warehouse, the register or the database holds."""


class TemplateError(MinutesRefused):
    """A text lacks a paragraph, or asks for a field that there is not."""


class RegisterError(MinutesRefused):
    """A file that officers keep (activities, incidents, corrections) is malformed."""
