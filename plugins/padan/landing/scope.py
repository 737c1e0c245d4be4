"""Which rows the agreement covers: the JFs that BPS fosters and their holders (PKS article 2 (1)), dataset by dataset.

The only place of landing that knows the columns of single datasets.
"""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from padan.agreement import Agreement, Dataset
from padan.landing import extracts
from padan.landing.extracts import Work
from padan.projection import AllListed, AnyListed, Scope
from padan.warehouse.connection import Connection
from padan.warehouse.raw_tables import raw_table, staged_table

HOLDERS, PORTAL_EXPORT, PEOPLE = "holders", "portal_export", "data_utama"
ROSTERS = frozenset({("bps", HOLDERS), ("bkn", PORTAL_EXPORT), ("bkn", PEOPLE)})
"""Lists of people: they may not shrink at once, nor be empty."""
_COVERED: LiteralString = "select holder_id from {staged} where not _deleted union "
_KEPT_BY_FULL: LiteralString = (
    "select holder_id from {raw} where holder_id in "
    "(select row_key from landing.quarantine where extract_id = %(extract)s and dataset = %(dataset)s)"
)
_KEPT_BY_CHANGES: LiteralString = (
    "select holder_id from {raw} where holder_id not in (select holder_id from {staged} where _deleted)"
)
_KIND_JF = "2"  # jenis_jabatan of functional positions (siasn.md section 4)


def follows_holders(dataset: Dataset) -> bool:
    """Whether the rows belong to a holder and are covered as long as the holder is."""
    return dataset.party == "bps" and dataset.name != HOLDERS and "holder_id" in dataset.columns


def bps_scope(agreement: Agreement, dataset: Dataset, holders: frozenset[str]) -> Scope | None:
    """A holder, a formation: the JF's code is listed. What follows a holder: the holder is covered, and for position
    history the JF's code is listed too. Reference codes: all of them.

    ``holders``: ids of :func:`covered_holders`; not looked at for datasets that do not follow them.
    """
    codes = frozenset(agreement.scope.jf_codes)
    if follows_holders(dataset):
        listed = {"holder_id": holders}
        if dataset.name == "position_history":
            listed["jf_code"] = codes
    elif "jf_code" in dataset.columns:
        listed = {"jf_code": codes}
    else:
        return None
    tests = tuple((dataset.columns.index(column), allowed) for column, allowed in listed.items())
    return Scope(tuple(listed), AllListed(tests))


def covered_holders(work: Work) -> frozenset[str]:
    """Ids of the holders that raw will hold once this extract, whose list of holders is landed, is published."""
    holders = work.dataset(HOLDERS)
    state = extracts.progress(work, holders)
    full = state is None or state.mode == "full"
    statement = sql.SQL(_COVERED + (_KEPT_BY_FULL if full else _KEPT_BY_CHANGES)).format(
        staged=staged_table(holders), raw=raw_table(holders)
    )
    rows = work.connection.execute(statement, {"extract": work.extract.extract_id, "dataset": HOLDERS})
    return frozenset(row[0] for row in rows)


def bkn_scope(work: Work, dataset: Dataset) -> Scope | None:
    """The portal export: people on BPS's list, and those whose position is a JF of BPS's. Position history: BPS's JFs
    alone. Everything else is about people asked for one by one, or reference codes.
    """
    if dataset.name == PORTAL_EXPORT:
        nips, positions = published_nips(work.connection, work.agreement), fostered_positions(work)
        nip, kind, position = (
            dataset.columns.index(column) for column in ("nip_baru", "jenis_jabatan_id", "jabatan_id")
        )

        ways = (((nip, nips),), ((kind, frozenset({_KIND_JF})), (position, positions)))
        return Scope(("nip_baru", "jenis_jabatan_id", "jabatan_id"), AnyListed(ways))
    if dataset.name == "rw_jabatan":
        place = dataset.columns.index("jabatan_fungsional_id")
        covered = fostered_positions(work)
        return Scope(("jabatan_fungsional_id",), lambda values: values[place] in covered)
    return None


def published_nips(connection: Connection, agreement: Agreement) -> frozenset[str]:
    """NIPs on BPS's list as last published."""
    table = raw_table(agreement.dataset("bps", HOLDERS))
    return frozenset(row[0] for row in connection.execute(sql.SQL("select nip_bps from {}").format(table)))


def fostered_positions(work: Work) -> frozenset[str]:
    """SIASN ids of the JFs that BPS fosters: their group is listed in the agreement or names BPS as fostering agency.

    Source: siasn.md section 2.5; the groups are listed because BKN's own list of groups has gaps (section 3.7).
    """
    scope = work.agreement.scope
    rows = work.connection.execute(
        sql.SQL(
            "select id from {positions} where kel_jabatan_id = any(%s) "
            "or kel_jabatan_id in (select id from {groups} where pembina_id = %s)"
        ).format(
            positions=staged_table(work.dataset("ref_jabatan_fungsional")),
            groups=staged_table(work.dataset("ref_kel_jabatan")),
        ),
        (list(scope.kel_jabatan_ids), scope.fostering_instansi_id),
    )
    return frozenset(row[0] for row in rows)
