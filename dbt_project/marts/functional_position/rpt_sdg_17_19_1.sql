{{ config(materialized='incremental', meta={'anew': "reference_month >= " ~ first_month_to_count()}) }}

with holder_history as (
    select * from {{ ref('snap_bps__holders') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
),

instansi as (
    select * from {{ ref('dim_instansi') }}
),

crosswalk as (
    select * from {{ ref('int_comparison__crosswalk') }}
),

instansi_codes as (
    select *
    from crosswalk
    where code_type = 'instansi'
),

status_codes as (
    select *
    from crosswalk
    where code_type = 'employment_status'
),

-- Each month since the first extract, counted on its last day; the present one on the logical date. A month that had ended at
-- the last build stands.
months as (
    select
        month_start::date as reference_month,
        least((month_start + interval '1 month' - interval '1 day')::date, {{ as_of() }}) as counted_on
    from generate_series(
        {% if is_incremental() %}{{ first_month_to_count() }}{% else -%}
            (select date_trunc('month', min(holder_history.dbt_valid_from)) from holder_history)
        {%- endif %},
        date_trunc('month', {{ as_of() }}),
        interval '1 month'
    ) as series (month_start)
),

-- BPS's list alone, as it read on that day: BPS fosters these positions and publishes the indicator. Counted by its own
-- codes first: these are few, people are many.
listed as (
    select
        months.reference_month,
        holder_history.instansi_code,
        holder_history.jf_code,
        holder_history.jenjang,
        holder_history.sex,
        holder_history.employment_status_code,
        count(*) as people
    from months
    inner join holder_history
        on
            months.counted_on >= holder_history.dbt_valid_from
            and (holder_history.dbt_valid_to is null or months.counted_on < holder_history.dbt_valid_to)
    group by
        months.reference_month,
        holder_history.instansi_code,
        holder_history.jf_code,
        holder_history.jenjang,
        holder_history.sex,
        holder_history.employment_status_code
),

mapped as (
    select
        listed.reference_month,
        coalesce(instansi_codes.bkn_code, 'unknown') as instansi_id,
        functional_positions.jf_group,
        coalesce(listed.jenjang, 'unknown') as jenjang,
        coalesce(listed.sex, 'unknown') as sex,
        -- 01 Aktif, 71 PPPK Aktif.
        coalesce(status_codes.bkn_code in ('01', '71'), false) as is_active,
        listed.people
    from listed
    inner join functional_positions on listed.jf_code = functional_positions.bps_code
    left join instansi_codes on listed.instansi_code = instansi_codes.bps_code
    left join status_codes on listed.employment_status_code = status_codes.bps_code
)

select
    mapped.reference_month,
    mapped.instansi_id,
    mapped.jf_group,
    mapped.jenjang,
    mapped.sex,
    min(instansi.instansi_name) as instansi_name,
    coalesce(min(instansi.instansi_kind), 'unknown') as instansi_kind,
    sum(mapped.people)::bigint as people,
    coalesce(sum(mapped.people) filter (where mapped.is_active), 0)::bigint as active_people
from mapped
left join instansi on mapped.instansi_id = instansi.instansi_id
group by mapped.reference_month, mapped.instansi_id, mapped.jf_group, mapped.jenjang, mapped.sex
