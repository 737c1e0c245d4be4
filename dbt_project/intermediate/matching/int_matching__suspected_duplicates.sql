with review_pairs as (
    select * from {{ ref('stg_linkage__review_pairs') }}
),

pairs as not materialized (
    select * from {{ ref('int_matching__pairs') }}
),

bkn_people as (
    select * from {{ ref('stg_bkn__people') }}
),

holders as (
    select * from {{ ref('stg_bps__holders') }}
),

-- Only while both are served.
doubts as (
    select
        review_pairs.person_id_bkn,
        review_pairs.holder_id,
        review_pairs.reason,
        bkn_taken.person_id_bkn is not null as is_bkn_matched,
        bps_taken.holder_id is not null as is_bps_matched,
        count(*) over (partition by review_pairs.holder_id, review_pairs.reason) as bkn_candidates,
        count(*) over (partition by review_pairs.person_id_bkn, review_pairs.reason) as bps_candidates
    from review_pairs
    inner join bkn_people on review_pairs.person_id_bkn = bkn_people.person_id_bkn
    inner join holders on review_pairs.holder_id = holders.holder_id
    left join pairs as bkn_taken on review_pairs.person_id_bkn = bkn_taken.person_id_bkn
    left join pairs as bps_taken on review_pairs.holder_id = bps_taken.holder_id
),

-- The side on which one person seems to be held twice: whose record is left over, or which has several that fit.
sides as (
    select
        'bkn' as side,
        person_id_bkn,
        null::text as holder_id,
        reason as rule
    from doubts
    where
        (reason = 'suspected_duplicate' and is_bps_matched and not is_bkn_matched)
        or (reason = 'fits_several' and bkn_candidates > 1)
    union all
    select
        'bps' as side,
        null::text as person_id_bkn,
        holder_id,
        reason as rule
    from doubts
    where
        (reason = 'suspected_duplicate' and is_bkn_matched and not is_bps_matched)
        or (reason = 'fits_several' and bps_candidates > 1)
)

select distinct
    side,
    person_id_bkn,
    holder_id,
    rule
from sides
