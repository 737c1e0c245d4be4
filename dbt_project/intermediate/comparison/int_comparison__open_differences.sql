{% set pair_and_attribute = person_pair_text() ~ " || '|' || verdicts.attribute" %}
{%- set values_seen = "coalesce(bkn_value, '-'), coalesce(bps_value, '-')" %}
{%- set seen = "concat_ws('|', " ~ person_pair_text() ~ ", verdicts.attribute, verdicts.verdict, " ~ values_seen ~ ")" %}

with verdicts as (
    select * from {{ ref('int_comparison__verdicts') }}
),

cases as (
    select * from {{ ref('stg_ledger__cases') }}
)

select
    verdicts.case_key,
    -- No NIP in it, and nobody can tell the person from it. A case keeps the number that it was given, whatever made it.
    coalesce(cases.case_id, 'K-' || upper(left({{ pseudonym(pair_and_attribute) }}, 12))) as case_id,
    verdicts.asn_key,
    verdicts.person_id_bkn,
    verdicts.holder_id,
    verdicts.instansi_id,
    verdicts.attribute,
    verdicts.verdict,
    verdicts.unusable_side,
    -- Keyed: two birth dates could be guessed from a plain hash. One that the ledger holds from before keys, over the very same
    -- values, stays until they change, so that no case looks changed.
    case
        when cases.value_fingerprint = {{ sha256_hex(seen) }} then cases.value_fingerprint
        else {{ pseudonym(seen) }}
    end as value_fingerprint
from verdicts
left join cases on verdicts.asn_key = cases.asn_key and verdicts.attribute = cases.attribute
where verdicts.verdict <> 'identical'
