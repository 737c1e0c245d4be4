"""Steps that bring each agency's data to raw. Constructing a client does no request; each step makes its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from padan import landing
from padan.agreement.model import PartyCode
from padan.flows.context import Context
from padan.settings import JfSettings, SiasnSettings, load


def open_bps(as_of: date) -> dict[str, Any]:
    """Open or continue BPS's extract; raises AgreementNotInForce outside the validity (PKS article 6)."""
    return _open(as_of, "bps")


def open_bkn(as_of: date) -> dict[str, Any]:
    """Open or continue BKN's extract; raises AgreementNotInForce outside the validity (PKS article 6)."""
    return _open(as_of, "bkn")


def _open(as_of: date, party: PartyCode) -> dict[str, Any]:
    context = Context.load()
    return {"extract_id": landing.open_extract(context.settings, context.agreement, party, as_of)}
