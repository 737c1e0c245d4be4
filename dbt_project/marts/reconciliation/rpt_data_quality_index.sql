with counts as (
    select * from {{ ref('int_indicators__counts') }}
),

indicators as (
    select * from {{ ref('data_quality_indicators') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

by_indicator as (
    select
        counts.instansi_id,
        counts.jf_group,
        indicators.dimension,
        indicators.dimension_weight,
        (counts.assessed - counts.failed)::numeric / counts.assessed as passed_share
    from counts
    inner join indicators on counts.indicator = indicators.indicator
),

-- BKN's weights within a dimension are not published: its indicators count alike.
by_dimension as (
    select
        instansi_id,
        jf_group,
        dimension,
        dimension_weight,
        100 * avg(passed_share) as score
    from by_indicator
    group by instansi_id, jf_group, dimension, dimension_weight
),

scores as (
    select
        instansi_id,
        jf_group,
        max(score) filter (where dimension = 'completeness') as completeness,
        max(score) filter (where dimension = 'timeliness') as timeliness,
        max(score) filter (where dimension = 'accuracy') as accuracy,
        max(score) filter (where dimension = 'consistency') as consistency,
        -- Over the dimensions that could be assessed.
        sum(score * dimension_weight) / sum(dimension_weight) as quality_index,
        sum(dimension_weight) as assessed_weight
    from by_dimension
    group by instansi_id, jf_group
),

counted as (
    select
        instansi_id,
        jf_group,
        -- Some indicators apply to everybody.
        max(assessed) as people,
        sum(failed)::bigint as findings
    from counts
    group by instansi_id, jf_group
)

select
    scores.instansi_id,
    scores.jf_group,
    instansi.instansi_name,
    counted.people,
    counted.findings,
    scores.completeness::numeric(6, 2) as completeness,
    scores.timeliness::numeric(6, 2) as timeliness,
    scores.accuracy::numeric(6, 2) as accuracy,
    scores.consistency::numeric(6, 2) as consistency,
    scores.quality_index::numeric(6, 2) as quality_index,
    scores.assessed_weight::numeric(4, 2) as assessed_weight
from scores
inner join counted on scores.instansi_id = counted.instansi_id and scores.jf_group = counted.jf_group
left join instansi on scores.instansi_id = instansi.instansi_id
