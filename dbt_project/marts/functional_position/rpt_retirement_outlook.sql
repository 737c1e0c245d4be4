with people as (
    select * from {{ ref('int_comparison__people') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

-- Who still works: not dismissed (66, 67, 70, 77, 88), past the retirement age (98) or retired (99) already.
pensions as (
    select
        coalesce(instansi_id, 'unknown') as instansi_id,
        jf_group,
        coalesce(jenjang, 'unknown') as jenjang,
        retirement_age,
        retires_on,
        count(*) as people
    from people
    where
        jf_group is not null
        and retires_on is not null
        and coalesce(kedudukan_hukum_id, '') not in ('66', '67', '70', '77', '88', '98', '99')
    group by coalesce(instansi_id, 'unknown'), jf_group, coalesce(jenjang, 'unknown'), retirement_age, retires_on
)

select
    pensions.instansi_id,
    instansi.instansi_name,
    pensions.jf_group,
    pensions.jenjang,
    pensions.retirement_age,
    extract(year from pensions.retires_on)::integer as retirement_year,
    pensions.people,
    pensions.retires_on <= {{ as_of() }} as is_due,
    pensions.retires_on
from pensions
left join instansi on pensions.instansi_id = instansi.instansi_id
