with verdict_counts as (
    select * from {{ ref('int_comparison__verdict_counts') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

counted as (
    select
        attribute,
        instansi_id,
        sum(people)::bigint as pairs,
        coalesce(sum(people) filter (where verdict = 'modified'), 0)::bigint as modified,
        coalesce(sum(people) filter (where verdict in ('only_in_bkn', 'only_in_bps')), 0)::bigint as only_on_one_side,
        coalesce(sum(people) filter (where verdict = 'not_comparable'), 0)::bigint as not_comparable
    from verdict_counts
    where is_pair and attribute <> 'presence'
    group by attribute, instansi_id
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
