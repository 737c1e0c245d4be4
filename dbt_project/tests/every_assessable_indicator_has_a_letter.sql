-- An indicator that the seed calls assessable and nobody assesses would read as one that nobody fails.
with indicators as (
    select * from {{ ref('data_quality_indicators') }}
),

letters as (
    select * from {{ ref('int_indicators__letters') }}
)

select indicators.indicator
from indicators
left join letters on indicators.indicator = letters.indicator
where indicators.assessment <> 'not_assessable' and letters.indicator is null
