{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key']}]
) }}

with open_differences as (
    select *
    from {{ ref('int_comparison__open_differences') }}
    where {{ of_affected('asn', 'asn_key') }}
),

difference_history as (
    select * from {{ ref('snap_comparison__differences') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

asn as (
    select * from {{ ref('dim_asn') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
)

select
    open_differences.case_id,
    open_differences.asn_key,
    open_differences.instansi_id,
    open_differences.attribute,
    open_differences.verdict,
    registry.severity,
    registry.authority,
    -- What cannot be read is mended where it is; else the record of the party that is not the authority is presumed wrong.
    coalesce(
        open_differences.unusable_side,
        case registry.authority when 'bkn' then 'bps' when 'bps' then 'bkn' else 'both' end
    ) as owner_party,
    instansi.instansi_name,
    functional_positions.jf_group,
    open_differences.value_fingerprint,
    difference_history.dbt_valid_from::date as first_seen_on
from open_differences
inner join difference_history
    on
        open_differences.case_key = difference_history.case_key
        and difference_history.dbt_valid_to is null
inner join registry on open_differences.attribute = registry.attribute
left join asn on open_differences.asn_key = asn.asn_key
left join instansi on open_differences.instansi_id = instansi.instansi_id
left join functional_positions on asn.jabatan_fungsional_id = functional_positions.jabatan_fungsional_id
