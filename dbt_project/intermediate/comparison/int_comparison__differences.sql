-- depends_on: {{ ref('attribute_registry') }}
{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['case_key'], 'unique': true}, {'columns': ['asn_key']}]
) }}
{% set attributes = compared_attributes() %}

with compared as (
    select *
    from {{ ref('int_comparison__compared') }}
    where {{ of_affected('asn', 'asn_key') }}
),

attributes as (
    select * from {{ ref('int_comparison__attributes') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
),

differing as (
    select
        compared.asn_key,
        compared.pair_key,
        compared.person_id_bkn,
        compared.holder_id,
        compared.instansi_id,
        attributes.attribute,
        substr(compared.verdicts, attributes.letter_position, 1) as letter
    from compared
    inner join attributes on substr(compared.verdicts, attributes.letter_position, 1) not in ('.', '')
    where ltrim(compared.verdicts, '.') <> ''
)

select
    md5({{ person_pair_text('differing.') }} || '|' || differing.attribute) as case_key,
    differing.asn_key,
    differing.pair_key,
    differing.person_id_bkn,
    differing.holder_id,
    differing.instansi_id,
    differing.attribute,
    {{ verdict_of('differing.letter') }} as verdict,
    {{ unusable_side_of('differing.letter') }} as unusable_side,
    {{ value_of(attributes, 'bkn_people') }} as bkn_value,
    {{ value_of(attributes, 'bps_people') }} as bps_value
from differing
left join bkn_people on differing.person_id_bkn = bkn_people.person_id_bkn
left join bps_people on differing.holder_id = bps_people.holder_id
