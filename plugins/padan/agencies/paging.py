"""Checks that a list which comes in pages comes whole, and each page once."""

from __future__ import annotations

from padan.errors import ContractViolation


class PageChecks:
    """Follows one list through its pages."""

    def __init__(self, party: str, dataset: str) -> None:
        self._what = f"{party}: {dataset}"
        self._seen: dict[bytes, str] = {}
        self._constants: dict[str, int | None] = {}

    def violation(self, page: str, problem: str) -> ContractViolation:
        """The error that names dataset and page."""
        return ContractViolation(f"{self._what} page {page}: {problem} (rule paging)")

    def not_repeated(self, page: str, mark: bytes) -> None:
        """Refuse a page that came before: same number of rows, same first and same last row (``mark_of``).

        Raises:
            ContractViolation
        """
        if not mark:
            return
        before = self._seen.setdefault(mark, page)
        if before != page:
            raise self.violation(page, f"the same rows as page {before}")

    def unchanged(self, page: str, name: str, value: int | None) -> None:
        """Refuse a ``value`` that is not what it was on the pages before.

        Raises:
            ContractViolation
        """
        before = self._constants.setdefault(name, value)
        if before != value:
            raise self.violation(page, f"{name} was {before} and is {value} now; the list changed while it was read")
