"""What may be exchanged, on which day and with whom: the agreement (PKS) as data."""

from padan.agreement.clauses import Dataset, Item, LiaisonUnit
from padan.agreement.document import AgreementFileError
from padan.agreement.guard import Permission, Refusal, RefusalReason, guard
from padan.agreement.model import Agreement, load_agreement
from padan.agreement.notices import Notice

__all__ = [
    "Agreement",
    "AgreementFileError",
    "Dataset",
    "Item",
    "LiaisonUnit",
    "Notice",
    "Permission",
    "Refusal",
    "RefusalReason",
    "guard",
    "load_agreement",
]
