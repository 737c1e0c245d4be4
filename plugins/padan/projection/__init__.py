"""Rows as an agency sends them become what the agreement covers; without network and database, so that a process of its
own can do it.

Imports nothing but the standard library and orjson: such a process has to start at once.
"""

from padan.projection.projector import AllListed, AnyListed, Layout, Projected, Projector, Rejected, Scope, Values, tail

__all__ = ["AllListed", "AnyListed", "Layout", "Projected", "Projector", "Rejected", "Scope", "Values", "tail"]
