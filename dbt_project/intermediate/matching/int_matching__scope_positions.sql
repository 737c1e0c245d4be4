with functional_positions as (
    select * from {{ ref('stg_bkn__functional_positions') }}
),

reference_codes as (
    select * from {{ ref('stg_bps__reference_codes') }}
),

groups as (
    select * from {{ ref('stg_bkn__functional_position_groups') }}
),

bps_codes as (
    select
        bkn_code as jabatan_fungsional_id,
        min(code) as jf_code
    from reference_codes
    where code_type = 'jf' and bkn_code is not null
    group by bkn_code
),

fostered_groups as (
    select distinct functional_positions.kel_jabatan_id
    from functional_positions
    inner join bps_codes on functional_positions.jabatan_fungsional_id = bps_codes.jabatan_fungsional_id
)

select
    functional_positions.jabatan_fungsional_id,
    functional_positions.kel_jabatan_id,
    bps_codes.jf_code,
    functional_positions.lowest_golongan_id,
    functional_positions.highest_golongan_id,
    functional_positions.short_code,
    functional_positions.jabatan_fungsional_name,
    -- SIASN's list of groups lacks some (Asisten Statistisi): then the position's name without its level.
    coalesce(
        groups.group_name,
        btrim(regexp_replace(
            functional_positions.jabatan_fungsional_name,
            '\s*\m(ahli|pemula|pelaksana|terampil|mahir|penyelia|pertama|muda|madya|utama)\M.*$', '', 'i'
        ))
    ) as jf_group,
    functional_positions.jenjang,
    functional_positions.status,
    functional_positions.bup
from functional_positions
inner join fostered_groups on functional_positions.kel_jabatan_id = fostered_groups.kel_jabatan_id
left join bps_codes on functional_positions.jabatan_fungsional_id = bps_codes.jabatan_fungsional_id
left join groups on functional_positions.kel_jabatan_id = groups.kel_jabatan_id
