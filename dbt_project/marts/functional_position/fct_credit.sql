with people as (
    select * from {{ ref('int_matching__people') }}
),

bkn_credits as (
    select * from {{ ref('stg_bkn__credits') }}
),

bps_credits as (
    select * from {{ ref('stg_bps__credits') }}
),

statements as (
    select
        people.asn_key,
        bkn_credits.credit_row_id as source_row,
        'bkn' as source_side,
        bkn_credits.credit_type,
        null::text as predicate,
        null::numeric as coefficient,
        bkn_credits.total_credit as credit_points,
        -- BPS is the authority for credit of the people it knows.
        people.holder_id is null as is_authoritative,
        bkn_credits.period_start,
        bkn_credits.period_end,
        bkn_credits.decree_date
    from bkn_credits
    inner join people on bkn_credits.person_id_bkn = people.person_id_bkn
    union all
    select
        people.asn_key,
        bps_credits.credit_id as source_row,
        'bps' as source_side,
        bps_credits.credit_type,
        bps_credits.predicate,
        bps_credits.coefficient,
        bps_credits.credit_points,
        true as is_authoritative,
        bps_credits.period_start,
        bps_credits.period_end,
        bps_credits.decree_date
    from bps_credits
    inner join people on bps_credits.holder_id = people.holder_id
)

select
    md5(source_side || '|' || source_row) as credit_key,
    asn_key,
    source_side,
    credit_type,
    predicate,
    coefficient::numeric(8, 3) as coefficient,
    credit_points::numeric(12, 3) as credit_points,
    is_authoritative,
    period_start,
    period_end,
    decree_date
from statements
