with people as (
    select * from {{ ref('int_matching__people') }}
),

pairs as (
    select * from {{ ref('int_matching__pairs') }}
),

registry as (
    select * from {{ ref('matching_tiers') }}
),

dim_asn as (
    select * from {{ ref('dim_asn') }}
)

select
    people.asn_key,
    dim_asn.instansi_id,
    pairs.tier,
    registry.position as tier_position,
    registry.label_id,
    registry.severity,
    pairs.evidence,
    pairs.score
from pairs
inner join people on pairs.pair_key = people.pair_key
inner join registry on pairs.tier = registry.tier
inner join dim_asn on people.asn_key = dim_asn.asn_key
