with asn as (
    select * from {{ ref('dim_asn') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

compared_people as (
    select * from {{ ref('int_comparison__compared') }}
),

differences as (
    select * from {{ ref('fct_differences') }}
),

scores as (
    select * from {{ ref('rpt_data_quality_index') }}
),

people as (
    select
        asn.asn_key,
        asn.known_to,
        coalesce(asn.instansi_id, 'unknown') as instansi_id,
        coalesce(functional_positions.jf_group, 'unknown') as jf_group
    from asn
    left join functional_positions on asn.jabatan_fungsional_id = functional_positions.jabatan_fungsional_id
),

counted as (
    select
        instansi_id,
        jf_group,
        count(*) as people,
        count(*) filter (where known_to = 'both') as people_known_to_both
    from people
    group by instansi_id, jf_group
),

compared as (
    select
        people.instansi_id,
        people.jf_group,
        sum(length(compared_people.verdicts))::bigint as compared,
        sum(length(compared_people.verdicts) - length(replace(compared_people.verdicts, '.', '')))::bigint as identical
    from compared_people
    inner join people on compared_people.asn_key = people.asn_key
    group by people.instansi_id, people.jf_group
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
    coalesce(compared.compared, 0) as compared,
    round(compared.identical::numeric / compared.compared, 6)::numeric(9, 6) as identical_share,
    coalesce(differing.open_cases, 0) as open_cases,
    coalesce(differing.critical_cases, 0) as critical_cases,
    coalesce(differing.cases_bkn_mends, 0) as cases_bkn_mends,
    coalesce(differing.cases_bps_mends, 0) as cases_bps_mends,
    coalesce(joined.findings, 0) as findings,
    joined.quality_index
from joined
left join instansi on joined.instansi_id = instansi.instansi_id
left join compared on joined.instansi_id = compared.instansi_id and joined.jf_group = compared.jf_group
left join differing on joined.instansi_id = differing.instansi_id and joined.jf_group = differing.jf_group
