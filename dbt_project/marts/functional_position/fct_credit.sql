{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key']}]
) }}

with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

bkn_credits as (
    select * from {{ ref('stg_bkn__credits') }}
),

bps_credits as (
    select * from {{ ref('stg_bps__credits') }}
),

predicates as (
    select * from {{ ref('performance_predicates') }}
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
    {{ pseudonym("statements.source_side || '|' || statements.source_row") }} as credit_key,
    statements.asn_key,
    statements.source_side,
    statements.credit_type,
    statements.predicate,
    statements.coefficient::numeric(8, 3) as coefficient,
    statements.credit_points::numeric(12, 3) as credit_points,
    -- PermenPANRB 1/2023 article 37: the predicate's share of the year's credit, by the months assessed.
    round(
        predicates.credit_share * statements.coefficient * (
            (extract(year from statements.period_end) - extract(year from statements.period_start)) * 12
            + extract(month from statements.period_end) - extract(month from statements.period_start) + 1
        ) / 12,
        2
    )::numeric(12, 3) as points_by_rule,
    statements.is_authoritative,
    statements.period_start,
    statements.period_end,
    statements.decree_date
from statements
left join predicates on statements.credit_type = 'conversion' and statements.predicate = predicates.predicate
