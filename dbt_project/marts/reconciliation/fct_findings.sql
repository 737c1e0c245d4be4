with bkn_findings as (
    select * from {{ ref('stg_bkn__findings') }}
),

bps_findings as (
    select * from {{ ref('stg_bps__findings') }}
),

unmapped_codes as (
    select * from {{ ref('int_comparison__unmapped_codes') }}
),

roster_gaps as (
    select * from {{ ref('int_matching__roster_gaps') }}
),

suspected_duplicates as (
    select * from {{ ref('int_matching__suspected_duplicates') }}
),

people as not materialized (
    select * from {{ ref('int_matching__people') }}
),

found as (
    select
        'bkn' as side,
        bkn_findings.dataset,
        bkn_findings.field,
        bkn_findings.rule,
        bkn_findings.row_key,
        people.asn_key
    from bkn_findings
    left join people on bkn_findings.person_id_bkn = people.person_id_bkn
    union all
    select
        'bps' as side,
        bps_findings.dataset,
        bps_findings.field,
        bps_findings.rule,
        bps_findings.row_key,
        people.asn_key
    from bps_findings
    left join people on bps_findings.holder_id = people.holder_id
    union all
    select
        'bps' as side,
        unmapped_codes.dataset,
        unmapped_codes.field,
        'unmapped_code' as rule,
        unmapped_codes.row_key,
        people.asn_key
    from unmapped_codes
    left join people on unmapped_codes.holder_id = people.holder_id
    union all
    select
        'bkn' as side,
        'portal_export' as dataset,
        'pns_id' as field,
        'person_without_data_utama' as rule,
        person_id_bkn as row_key,
        null as asn_key
    from roster_gaps
    union all
    select
        'bkn' as side,
        'data_utama' as dataset,
        'nip' as field,
        suspected_duplicates.rule,
        suspected_duplicates.person_id_bkn as row_key,
        people.asn_key
    from suspected_duplicates
    left join people on suspected_duplicates.person_id_bkn = people.person_id_bkn
    where suspected_duplicates.side = 'bkn'
    union all
    select
        'bps' as side,
        'holders' as dataset,
        'nip_bps' as field,
        suspected_duplicates.rule,
        suspected_duplicates.holder_id as row_key,
        people.asn_key
    from suspected_duplicates
    left join people on suspected_duplicates.holder_id = people.holder_id
    where suspected_duplicates.side = 'bps'
)

select
    {{ pseudonym("concat_ws('|', side, dataset, row_key, field, rule)") }} as finding_id,
    asn_key,
    side,
    dataset,
    field,
    rule,
    {{ pseudonym("concat_ws('|', side, dataset, row_key)") }} as row_key
from found
