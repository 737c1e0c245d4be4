-- depends_on: {{ ref('attribute_registry') }}
{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key'], 'unique': true}]
) }}
{% set attributes = compared_attributes() %}

with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
)

select
    people.asn_key,
    people.pair_key,
    people.person_id_bkn,
    people.holder_id,
    coalesce(bkn_people.instansi_id, bps_people.instansi_id) as instansi_id,
    case people.known_to when 'both' then '.' when 'bkn' then 'K' when 'bps' then 'S' end
    || case
        when bkn_people.person_id_bkn is not null and bps_people.holder_id is not null
            then {{ verdict_letters(attributes) }}
        else ''
    end as verdicts
from people
left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
left join bps_people on people.holder_id = bps_people.holder_id
