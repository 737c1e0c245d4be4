with indicators as (
    select * from {{ ref('data_quality_indicators') }}
),

counts as (
    select * from {{ ref('int_indicators__counts') }}
),

counted as (
    select
        indicator,
        sum(assessed)::bigint as assessed,
        sum(failed)::bigint as failed
    from counts
    group by indicator
)

select
    indicators.indicator,
    indicators.dimension,
    indicators.assessment,
    indicators.label_id,
    indicators.description,
    indicators.limits,
    indicators.dimension_weight::numeric(4, 2) as dimension_weight,
    case when indicators.assessment <> 'not_assessable' then coalesce(counted.assessed, 0) end as assessed,
    case when indicators.assessment <> 'not_assessable' then coalesce(counted.failed, 0) end as failed,
    (counted.failed::numeric / counted.assessed)::numeric(9, 6) as failed_share
from indicators
left join counted on indicators.indicator = counted.indicator
