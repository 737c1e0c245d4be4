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
        attributes.comparator,
        substr(compared.verdicts, attributes.letter_position, 1) as letter
    from compared
    inner join attributes on substr(compared.verdicts, attributes.letter_position, 1) not in ('.', '')
    where ltrim(compared.verdicts, '.') <> ''
),

valued as (
    select
        differing.*,
        coalesce(bkn_people.nip, bps_people.nip) as nip,
        bps_people.nip as nip_bps,
        coalesce(bkn_people.name, bps_people.name) as name,
        {{ value_of(attributes, 'bkn_people') }} as bkn_value,
        {{ value_of(attributes, 'bps_people') }} as bps_value
    from differing
    left join bkn_people on differing.person_id_bkn = bkn_people.person_id_bkn
    left join bps_people on differing.holder_id = bps_people.holder_id
)

select
    md5({{ person_pair_text() }} || '|' || attribute) as case_key,
    asn_key,
    pair_key,
    person_id_bkn,
    holder_id,
    instansi_id,
    nip,
    nip_bps,
    name,
    attribute,
    {{ verdict_of('letter') }} as verdict,
    {{ unusable_side_of('letter') }} as unusable_side,
    bkn_value,
    bps_value,
    case when comparator = 'set' and letter = 'M' then {{ elements_only_in('bkn_value', 'bps_value') }} end as bkn_elements,
    case when comparator = 'set' and letter = 'M' then {{ elements_only_in('bps_value', 'bkn_value') }} end as bps_elements
from valued
