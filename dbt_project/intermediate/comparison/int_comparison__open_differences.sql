{{ config(materialized='view') }}

with verdicts as (
    select * from {{ ref('int_comparison__verdicts') }}
)

select
    case_key,
    -- No NIP in it, and the ids of people cannot be had from it.
    'K-' || upper(left({{ sha256_hex(person_pair_text() ~ " || '|' || attribute") }}, 12)) as case_id,
    asn_key,
    person_id_bkn,
    holder_id,
    instansi_id,
    attribute,
    verdict,
    unusable_side,
    -- The ids salt it: two birth dates alone could be guessed from their hash.
    {{ sha256_hex(
        "concat_ws('|', " ~ person_pair_text() ~ ", attribute, verdict, coalesce(bkn_value, '-'), coalesce(bps_value, '-'))"
    ) }} as value_fingerprint
from verdicts
where verdict <> 'identical'
