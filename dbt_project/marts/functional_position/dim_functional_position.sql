with scope_positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

golongan as (
    select * from {{ ref('stg_bkn__golongan') }}
),

rules as (
    select * from {{ ref('jenjang_rules') }}
)

select
    scope_positions.jabatan_fungsional_id,
    scope_positions.kel_jabatan_id,
    scope_positions.jf_code as bps_code,
    scope_positions.short_code,
    scope_positions.jabatan_fungsional_name,
    scope_positions.jf_group,
    scope_positions.jenjang,
    rules.category as jenjang_category,
    lowest.golongan as lowest_golongan,
    highest.golongan as highest_golongan,
    scope_positions.bup::integer as bup,
    coalesce(scope_positions.status = 'N', false) as is_in_use
from scope_positions
left join golongan as lowest on scope_positions.lowest_golongan_id = lowest.golongan_id
left join golongan as highest on scope_positions.highest_golongan_id = highest.golongan_id
left join rules on scope_positions.jenjang = rules.jenjang
