"""The tier ``nip_corrected``: a NIP that went wrong or changed, with agreeing name and birth date."""

from __future__ import annotations

import duckdb

# A NIP changes with the person's standing (PPPK to PNS): birth date and sex stay in it, year and serial do not.
# A neighbour in the register bears a NIP one digit away, so a name that is only similar needs the birth place too.
_CANDIDATES = """
    create or replace temp table candidates as
    with together as (
        select
            bkn.unique_id as person_id_bkn, bps.unique_id as holder_id,
            case
                when bkn.nip_former = bps.nip or bkn.nip = bps.nip_former then 'former'
                when length(bkn.nip) = 18 and length(bps.nip) = 18 and damerau_levenshtein(bkn.nip, bps.nip) = 1 then
                    case when hamming(bkn.nip, bps.nip) = 2 then 'transposed_digits' else 'mistyped_digit' end
                when bkn.employment_type <> bps.employment_type and left(bkn.nip, 8) = left(bps.nip, 8)
                    and bkn.sex = bps.sex and bkn.birth_place = bps.birth_place
                    then 'standing_changed'
            end as nip,
            case
                when bkn.name = bps.name then 'same'
                when initials_agree(bkn.name, bps.name) then 'initials'
                when bkn.birth_place = bps.birth_place and jaro_winkler_similarity(bkn.name, bps.name) >= 0.92
                    then 'similar'
            end as name
        from bkn
        inner join bps on bkn.birth_date = bps.birth_date and left(bkn.name, 1) = left(bps.name, 1)
        where not bkn.settled and not bps.settled and coalesce(bkn.sex = bps.sex, true)
    )
    select
        person_id_bkn, holder_id, 1 as score, 'nip:' || nip || ' birth_date:same name:' || name as evidence,
        count(*) over (partition by person_id_bkn) = 1 and count(*) over (partition by holder_id) = 1 as alone
    from together
    where nip is not null and name is not null
        and not exists (
            select 1 from never
            where never.person_id_bkn = together.person_id_bkn and never.holder_id = together.holder_id
        )
"""


def find(bench: duckdb.DuckDBPyConnection) -> None:
    """Add the tier's pairs to ``found``; to ``doubtful`` those where one person fits several."""
    bench.execute(_CANDIDATES)
    bench.execute(
        "insert into found select person_id_bkn, holder_id, 'nip_corrected', score, evidence from candidates "
        "where alone"
    )
    bench.execute(
        "insert into doubtful select person_id_bkn, holder_id, 'nip_corrected', score, evidence, 'fits_several' "
        "from candidates where not alone"
    )
