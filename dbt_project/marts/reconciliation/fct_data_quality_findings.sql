{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key']}]
) }}

with outcomes as (
    select *
    from {{ ref('int_indicators__outcomes') }}
    where {{ of_affected('asn', 'asn_key') }}
),

letters as (
    select * from {{ ref('int_indicators__letters') }}
),

indicators as (
    select * from {{ ref('data_quality_indicators') }}
)

select
    outcomes.asn_key,
    outcomes.instansi_id,
    letters.indicator,
    indicators.dimension,
    indicators.label_id,
    outcomes.jf_group
from outcomes
inner join letters on substr(outcomes.outcomes, letters.letter_position, 1) = 'F'
inner join indicators on letters.indicator = indicators.indicator
where strpos(outcomes.outcomes, 'F') > 0
