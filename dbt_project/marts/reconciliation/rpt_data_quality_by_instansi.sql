with asn as not materialized (
    select * from {{ ref('int_comparison__people') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

differences as (
    select * from {{ ref('fct_differences') }}
),

scores as (
    select * from {{ ref('rpt_data_quality_index') }}
),

people as not materialized (
    select
        asn_key,
        known_to,
        compared,
        identical,
        coalesce(instansi_id, 'unknown') as instansi_id,
        coalesce(jf_group, 'unknown') as jf_group
    from asn
),

counted as (
    select
        instansi_id,
        jf_group,
        count(*) as people,
        count(*) filter (where known_to = 'both') as people_known_to_both,
        sum(compared)::bigint as compared,
        sum(identical)::bigint as identical
    from people
    group by instansi_id, jf_group
),

differing as (
    select
        people.instansi_id,
        people.jf_group,
        count(*) as open_cases,
        count(*) filter (where differences.severity = 'critical') as critical_cases,
        count(*) filter (where differences.owner_party in ('bkn', 'both')) as cases_bkn_mends,
        count(*) filter (where differences.owner_party in ('bps', 'both')) as cases_bps_mends
    from differences
    inner join people on differences.asn_key = people.asn_key
    group by people.instansi_id, people.jf_group
),

-- BKN's indicators go by BKN's own record of the position: a group may be there that BPS's word does not have.
joined as (
    select
        coalesce(counted.instansi_id, scores.instansi_id) as instansi_id,
        coalesce(counted.jf_group, scores.jf_group) as jf_group,
        coalesce(counted.people, 0) as people,
        coalesce(counted.people_known_to_both, 0) as people_known_to_both,
        coalesce(counted.compared, 0) as compared,
        counted.identical,
        scores.findings,
        scores.quality_index
    from counted
    full join scores on counted.instansi_id = scores.instansi_id and counted.jf_group = scores.jf_group
)

select
    joined.instansi_id,
    joined.jf_group,
    instansi.instansi_name,
    joined.people,
    joined.people_known_to_both,
    joined.compared,
    round(joined.identical::numeric / joined.compared, 6)::numeric(9, 6) as identical_share,
    coalesce(differing.open_cases, 0) as open_cases,
    coalesce(differing.critical_cases, 0) as critical_cases,
    coalesce(differing.cases_bkn_mends, 0) as cases_bkn_mends,
    coalesce(differing.cases_bps_mends, 0) as cases_bps_mends,
    coalesce(joined.findings, 0) as findings,
    joined.quality_index
from joined
left join instansi on joined.instansi_id = instansi.instansi_id
left join differing on joined.instansi_id = differing.instansi_id and joined.jf_group = differing.jf_group
