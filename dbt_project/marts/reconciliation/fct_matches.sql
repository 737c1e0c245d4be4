{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}}
) }}

with compared as (
    select *
    from {{ ref('int_comparison__compared') }}
    where {{ of_affected('asn', 'asn_key') }}
),

pairs as (
    select * from {{ ref('int_matching__pairs') }}
),

registry as (
    select * from {{ ref('matching_tiers') }}
)

select
    compared.asn_key,
    compared.instansi_id,
    pairs.tier,
    registry.position as tier_position,
    registry.label_id,
    registry.severity,
    pairs.evidence,
    pairs.score
from pairs
inner join compared on pairs.pair_key = compared.pair_key
inner join registry on pairs.tier = registry.tier
