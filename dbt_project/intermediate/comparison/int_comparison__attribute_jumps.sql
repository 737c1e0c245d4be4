with attribute_counts as (
    select * from {{ ref('int_comparison__attribute_by_instansi') }}
),

ledger_counts as (
    select * from {{ ref('stg_ledger__attribute_counts') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

current_counts as (
    select
        attribute,
        sum(pairs)::bigint as pairs,
        sum(modified)::bigint as modified
    from attribute_counts
    group by attribute
),

-- Of an earlier day, so that a repeated run is held against the same one.
previous_counts as (
    select distinct on (attribute) *
    from ledger_counts
    where as_of < {{ as_of() }}
    order by attribute asc, as_of desc
)

select
    current_counts.attribute,
    current_counts.pairs,
    current_counts.modified,
    previous_counts.as_of as previous_as_of,
    registry.tolerance_share,
    round(current_counts.modified::numeric / current_counts.pairs, 4) as modified_share,
    round(previous_counts.modified::numeric / nullif(previous_counts.pairs, 0), 4) as previous_share,
    -- Either way: a share that collapses is as suspicious as one that soars.
    coalesce(
        abs(
            round(
                current_counts.modified::numeric / current_counts.pairs
                - previous_counts.modified::numeric / nullif(previous_counts.pairs, 0),
                4
            )
        ),
        0
    ) as share_jump
from current_counts
inner join registry on current_counts.attribute = registry.attribute
left join previous_counts on current_counts.attribute = previous_counts.attribute
