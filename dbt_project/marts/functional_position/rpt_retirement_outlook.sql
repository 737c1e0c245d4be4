with people as (
    select * from {{ ref('int_matching__people') }}
),

asn as (
    select * from {{ ref('dim_asn') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

rules as (
    select * from {{ ref('jenjang_rules') }}
),

-- Who still works: not dismissed (66, 67, 70, 77, 88), past the retirement age (98) or retired (99) already.
ages as (
    select
        coalesce(asn.instansi_id, 'unknown') as instansi_id,
        functional_positions.jf_group,
        coalesce(asn.jenjang, 'unknown') as jenjang,
        -- The position's own age first: the level's is the rule for most positions, not for all.
        coalesce(functional_positions.bup, rules.retirement_age) as retirement_age,
        coalesce(bkn_people.birth_date, bps_people.birth_date) as birth_date
    from asn
    inner join people on asn.asn_key = people.asn_key
    inner join functional_positions on asn.jabatan_fungsional_id = functional_positions.jabatan_fungsional_id
    left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
    left join bps_people on people.holder_id = bps_people.holder_id
    left join rules on asn.jenjang = rules.jenjang
    where coalesce(asn.kedudukan_hukum_id, '') not in ('66', '67', '70', '77', '88', '98', '99')
),

-- The pension begins on the first day of the month after the one in which the age is reached.
pensions as (
    select
        instansi_id,
        jf_group,
        jenjang,
        retirement_age,
        (date_trunc('month', birth_date + make_interval(years => retirement_age)) + interval '1 month')::date as retires_on
    from ages
    where birth_date is not null and retirement_age is not null
)

select
    pensions.instansi_id,
    min(instansi.instansi_name) as instansi_name,
    pensions.jf_group,
    pensions.jenjang,
    pensions.retirement_age,
    extract(year from pensions.retires_on)::integer as retirement_year,
    count(*) as people,
    pensions.retires_on <= {{ as_of() }} as is_due,
    pensions.retires_on
from pensions
left join instansi on pensions.instansi_id = instansi.instansi_id
group by pensions.instansi_id, pensions.jf_group, pensions.jenjang, pensions.retirement_age, pensions.retires_on
