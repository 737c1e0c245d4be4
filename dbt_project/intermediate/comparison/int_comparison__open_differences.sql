{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['case_key'], 'unique': true}, {'columns': ['asn_key']}]
) }}

{% set pair_and_attribute = person_pair_text() ~ " || '|' || differences.attribute" %}
{%- set values_seen = "coalesce(bkn_value, '-'), coalesce(bps_value, '-')" %}
{%- set seen = "concat_ws('|', " ~ person_pair_text() ~ ", differences.attribute, differences.verdict, " ~ values_seen ~ ")" %}

with differences as (
    select *
    from {{ ref('int_comparison__differences') }}
    where {{ of_affected('asn', 'asn_key') }}
),

cases as (
    select * from {{ ref('stg_ledger__cases') }}
)

select
    differences.case_key,
    -- No NIP in it, and nobody can tell the person from it. A case keeps the number that it was given, whatever made it.
    coalesce(cases.case_id, 'K-' || upper(left({{ pseudonym(pair_and_attribute) }}, 12))) as case_id,
    differences.asn_key,
    differences.person_id_bkn,
    differences.holder_id,
    differences.instansi_id,
    differences.attribute,
    differences.verdict,
    differences.unusable_side,
    -- Keyed: two birth dates could be guessed from a plain hash. One that the ledger holds from before keys, over the very same
    -- values, stays until they change, so that no case looks changed.
    case
        when cases.value_fingerprint = {{ sha256_hex(seen) }} then cases.value_fingerprint
        else {{ pseudonym(seen) }}
    end as value_fingerprint
from differences
left join cases on differences.asn_key = cases.asn_key and differences.attribute = cases.attribute
