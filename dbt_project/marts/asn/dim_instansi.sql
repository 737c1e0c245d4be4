with instansi as (
    select * from {{ ref('stg_bkn__instansi') }}
),

crosswalk as (
    select * from {{ ref('int_comparison__crosswalk') }}
),

bps_codes as (
    select
        bkn_code,
        min(bps_code) as bps_code
    from crosswalk
    where code_type = 'instansi'
    group by bkn_code
)

select
    instansi.instansi_id,
    bps_codes.bps_code,
    instansi.short_code,
    instansi.instansi_name,
    case instansi.jenis when 'P' then 'central' when 'D' then 'regional' end as instansi_kind,
    instansi.status
from instansi
left join bps_codes on instansi.instansi_id = bps_codes.bkn_code
