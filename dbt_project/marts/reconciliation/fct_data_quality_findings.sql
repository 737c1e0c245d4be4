with results as (
    select * from {{ ref('int_indicators__results') }}
),

indicators as (
    select * from {{ ref('data_quality_indicators') }}
)

select
    results.asn_key,
    results.instansi_id,
    results.indicator,
    indicators.dimension,
    indicators.label_id,
    results.jf_group
from results
inner join indicators on results.indicator = indicators.indicator
where results.is_failed
