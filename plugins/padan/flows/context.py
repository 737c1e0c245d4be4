"""What nearly every step needs, read when the step runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from padan.agreement import Agreement, load_agreement
from padan.settings import Settings, load


@dataclass(frozen=True)
class Context:
    """The settings and the agreement."""

    settings: Settings
    agreement: Agreement

    def on(self, as_of: date) -> Context:
        """The same with the agreement as its addenda have it on ``as_of``: what one adds counts from its day."""
        return Context(self.settings, self.agreement.on(as_of))

    @classmethod
    def load(cls) -> Context:
        """Read both.

        Raises:
            ConfigurationError: a setting is missing.
            AgreementError: the agreement file is malformed.
        """
        settings = load(Settings)
        return cls(settings, load_agreement(settings.agreement_file))
