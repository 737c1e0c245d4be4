-- Whoever stood here before, and whoever stands here now, is worked through by what is made of one row a person.
{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn', 'bps': 'holder_id'}},
    indexes=[{'columns': ['asn_key'], 'unique': true}, {'columns': ['person_id_bkn'], 'unique': true}, {'columns': ['holder_id'], 'unique': true}],
    pre_hook="{{ affect_asn_of_people() }}",
    post_hook="{{ affect_asn_of_people() }}"
) }}

with pairs as (
    select *
    from {{ ref('int_matching__pairs') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

unmatched as (
    select *
    from {{ ref('int_matching__unmatched') }}
    where {{ of_affected('bkn', 'person_id_bkn') }} or {{ of_affected('bps', 'holder_id') }}
),

people as (
    select
        pair_key,
        person_id_bkn,
        holder_id,
        tier,
        'both' as known_to
    from pairs
    union all
    select
        null as pair_key,
        person_id_bkn,
        holder_id,
        null as tier,
        side as known_to
    from unmatched
)

select
    {{ pseudonym(person_pair_text()) }} as asn_key,
    pair_key,
    person_id_bkn,
    holder_id,
    tier,
    known_to
from people
