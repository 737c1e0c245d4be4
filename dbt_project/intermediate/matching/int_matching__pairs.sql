{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn', 'bps': 'holder_id'}},
    indexes=[{'columns': ['person_id_bkn'], 'unique': true}, {'columns': ['holder_id'], 'unique': true}, {'columns': ['pair_key'], 'unique': true}]
) }}

with exact_pairs as (
    select *
    from {{ ref('int_matching__exact_pairs') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

found_pairs as (
    select *
    from {{ ref('stg_linkage__pairs') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

registry as (
    select * from {{ ref('matching_tiers') }}
),

bkn_people as (
    select * from {{ ref('stg_bkn__people') }}
),

holders as (
    select * from {{ ref('stg_bps__holders') }}
),

-- What the step link_people found counts only while both are served and no exact key settles either of them.
found as (
    select
        found_pairs.person_id_bkn,
        found_pairs.holder_id,
        found_pairs.tier,
        found_pairs.score,
        found_pairs.evidence
    from found_pairs
    inner join registry on found_pairs.tier = registry.tier
    inner join bkn_people on found_pairs.person_id_bkn = bkn_people.person_id_bkn
    inner join holders on found_pairs.holder_id = holders.holder_id
    left join exact_pairs as bkn_taken on found_pairs.person_id_bkn = bkn_taken.person_id_bkn
    left join exact_pairs as bps_taken on found_pairs.holder_id = bps_taken.holder_id
    where bkn_taken.person_id_bkn is null and bps_taken.holder_id is null
),

tiers as (
    select
        person_id_bkn,
        holder_id,
        tier,
        1::numeric(7, 6) as score,
        case tier when 'exact_nip' then 'nip:same' when 'exact_nik' then 'nik:same' else 'decision:link' end as evidence
    from exact_pairs
    union all
    select * from found
)

select
    md5({{ person_pair_text() }}) as pair_key,
    person_id_bkn,
    holder_id,
    tier,
    score,
    evidence
from tiers
