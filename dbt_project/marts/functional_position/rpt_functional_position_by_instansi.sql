with asn as (
    select * from {{ ref('int_comparison__people') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
),

formations as (
    select * from {{ ref('stg_bps__formations') }}
),

groups as (
    select distinct jf_group from functional_positions
),

-- Every agency has a row for every group, so that shares of agencies that have nobody can be had.
grid as (
    select
        instansi.instansi_id,
        instansi.instansi_name,
        instansi.instansi_kind,
        groups.jf_group
    from instansi
    cross join groups
),

people as (
    select
        asn.instansi_id,
        asn.jf_group,
        count(*) as people,
        -- 01 Aktif, 71 PPPK Aktif.
        count(*) filter (where asn.kedudukan_hukum_id in ('01', '71')) as active_people,
        count(*) filter (where asn.known_to = 'both') as people_known_to_both
    from asn
    where asn.jf_group is not null
    group by asn.instansi_id, asn.jf_group
),

-- The need of the newest year that has begun.
newest_formations as (
    select distinct on (instansi_code, jf_code) *
    from formations
    where formation_year <= extract(year from {{ as_of() }})
    order by instansi_code asc, jf_code asc, formation_year desc, formation_id desc
),

needs as (
    select
        instansi.instansi_id,
        functional_positions.jf_group,
        sum(newest_formations.needed)::bigint as needed
    from newest_formations
    inner join instansi on newest_formations.instansi_code = instansi.bps_code
    inner join functional_positions on newest_formations.jf_code = functional_positions.bps_code
    group by instansi.instansi_id, functional_positions.jf_group
)

select
    grid.instansi_id,
    grid.instansi_name,
    grid.instansi_kind,
    grid.jf_group,
    coalesce(people.people, 0) as people,
    coalesce(people.active_people, 0) as active_people,
    coalesce(people.people_known_to_both, 0) as people_known_to_both,
    needs.needed,
    round(coalesce(people.active_people, 0)::numeric / nullif(needs.needed, 0), 4)::numeric(12, 4) as filled_share
from grid
left join people on grid.instansi_id = people.instansi_id and grid.jf_group = people.jf_group
left join needs on grid.instansi_id = needs.instansi_id and grid.jf_group = needs.jf_group
