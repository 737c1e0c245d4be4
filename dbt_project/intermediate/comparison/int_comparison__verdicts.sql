{{ config(materialized='view') }}

with compared as (
    select * from {{ ref('int_comparison__compared') }}
),

attributes as (
    select * from {{ ref('int_comparison__attributes') }}
),

spelt as (
    select
        compared.asn_key,
        compared.pair_key,
        compared.person_id_bkn,
        compared.holder_id,
        compared.instansi_id,
        attributes.attribute,
        substr(compared.verdicts, attributes.letter_position, 1) as letter
    from compared
    inner join attributes on length(compared.verdicts) >= attributes.letter_position
)

select
    asn_key,
    pair_key,
    person_id_bkn,
    holder_id,
    instansi_id,
    attribute,
    {{ verdict_of('letter') }} as verdict,
    {{ unusable_side_of('letter') }} as unusable_side
from spelt
