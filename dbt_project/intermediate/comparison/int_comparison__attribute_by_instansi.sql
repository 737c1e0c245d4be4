with verdicts as (
    select * from {{ ref('int_comparison__verdicts') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

counted as (
    select
        attribute,
        coalesce(instansi_id, 'unknown') as instansi_id,
        count(*) as pairs,
        count(*) filter (where verdict = 'modified') as modified,
        count(*) filter (where verdict in ('only_in_bkn', 'only_in_bps')) as only_on_one_side,
        count(*) filter (where verdict = 'not_comparable') as not_comparable
    from verdicts
    where pair_key is not null and attribute <> 'presence'
    group by attribute, coalesce(instansi_id, 'unknown')
)

select
    counted.attribute,
    counted.instansi_id,
    counted.pairs,
    counted.modified,
    counted.only_on_one_side,
    counted.not_comparable,
    round(counted.modified::numeric / counted.pairs, 4) as modified_share,
    registry.tolerance_share,
    case
        -- Nor where one difference alone exceeds the share.
        when
            counted.pairs >= {{ var('flag_minimum_pairs') }}
            and counted.pairs * registry.tolerance_share >= 1
            then 'by_share'
        else 'too_few_pairs'
    end as assessment
from counted
inner join registry on counted.attribute = registry.attribute
