"""What may be exchanged, on which day and with whom: the agreement (PKS) as data."""

from padan.agreement.model import Agreement, Dataset, Item, LiaisonUnit, load_agreement

__all__ = ["Agreement", "Dataset", "Item", "LiaisonUnit", "load_agreement"]
