"""What a person decided (seed ``matching_decisions``): checked before anything is matched."""

from __future__ import annotations

from padan.errors import StepFailed
from padan.warehouse.connection import Connection

# Whom an agency once served and serves no more is known still: the decision waits.
_UNKNOWN = """
    select decision_id, %(field)s as field from reference.matching_decisions as decisions
    where not exists (select 1 from {now} as now where now.{key} = decisions.{key}) {earlier}
"""
_EARLIER = "and not exists (select 1 from {history} as history where history.{key} = decisions.{key})"
_SIDES = (
    ("person_id_bkn", "staging_bkn.stg_bkn__people", "snapshots.snap_bkn__people"),
    ("holder_id", "staging_bps.stg_bps__holders", "snapshots.snap_bps__holders"),
)
_CONTRADICTIONS = """
    select distinct one.decision_id, other.decision_id
    from reference.matching_decisions as one
    inner join reference.matching_decisions as other on one.decision_id < other.decision_id and (
        (one.person_id_bkn = other.person_id_bkn and one.holder_id = other.holder_id)
        or (
            one.decision = 'link' and other.decision = 'link'
            and (one.person_id_bkn = other.person_id_bkn or one.holder_id = other.holder_id)
        )
    )
    order by 1, 2
"""
_SHOWN = 10


def check(database: Connection) -> int:
    """The number of decisions, all of which can be obeyed.

    Raises:
        StepFailed: naming by their ``decision_id`` those that name a person nobody ever served, and those that
            contradict each other: one person linked to two, or one pair decided twice.
    """
    faults = []
    for key, now, history in _SIDES:
        found = database.execute("select to_regclass(%s)", (history,)).fetchone()
        earlier = _EARLIER.format(history=history, key=key) if found and found[0] else ""
        query = _UNKNOWN.format(now=now, key=key, earlier=earlier) + " order by 1"
        faults += [f"{decision} names a {field} that nobody bears"
                   for decision, field in database.execute(query.encode(), {"field": key})]  # fmt: skip
    faults += [f"{one} contradicts {other}" for one, other in database.execute(_CONTRADICTIONS)]
    if faults:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise StepFailed(
            f"matching_decisions: {'; '.join(faults[:_SHOWN])}{more}; nothing was matched. "
            "Correct dbt_project/seeds/matching_decisions.csv"
        )
    counted = database.execute("select count(*) from reference.matching_decisions").fetchone()
    return int(counted[0]) if counted else 0
