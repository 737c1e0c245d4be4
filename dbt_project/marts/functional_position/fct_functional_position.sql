{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key']}]
) }}

with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

bkn_positions as (
    select * from {{ ref('stg_bkn__positions') }}
),

bps_positions as (
    select * from {{ ref('stg_bps__positions') }}
),

scope_positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

crosswalk as (
    select * from {{ ref('int_comparison__crosswalk') }}
),

jf_codes as (
    select *
    from crosswalk
    where code_type = 'jf'
),

instansi_codes as (
    select *
    from crosswalk
    where code_type = 'instansi'
),

bps_history as (
    select
        people.asn_key,
        bps_positions.history_id as source_row,
        jf_codes.bkn_code as jabatan_fungsional_id,
        instansi_codes.bkn_code as instansi_id,
        'bps' as source_side,
        bps_positions.jenjang,
        bps_positions.appointment_type,
        true as is_in_scope,
        bps_positions.decree_date,
        bps_positions.tmt
    from bps_positions
    inner join people on bps_positions.holder_id = people.holder_id
    left join jf_codes on bps_positions.jf_code = jf_codes.bps_code
    left join instansi_codes on bps_positions.instansi_code = instansi_codes.bps_code
    where bps_positions.tmt is not null
),

-- BPS is the authority for its JFs: BKN's history counts only for people of whom BPS has none.
bkn_history as (
    select
        people.asn_key,
        bkn_positions.position_row_id as source_row,
        bkn_positions.jabatan_fungsional_id,
        bkn_positions.instansi_id,
        'bkn' as source_side,
        scope_positions.jenjang,
        null::text as appointment_type,
        scope_positions.jabatan_fungsional_id is not null as is_in_scope,
        bkn_positions.decree_date,
        bkn_positions.tmt
    from bkn_positions
    inner join people on bkn_positions.person_id_bkn = people.person_id_bkn
    left join scope_positions on bkn_positions.jabatan_fungsional_id = scope_positions.jabatan_fungsional_id
    where
        bkn_positions.tmt is not null
        and not exists (
            select 1
            from bps_history
            where bps_history.asn_key = people.asn_key
        )
),

history as (
    select * from bps_history
    union all
    select * from bkn_history
),

-- Two appointments of one day: the one decreed last counts.
one_per_day as (
    select distinct on (asn_key, tmt) *
    from history
    order by asn_key asc, tmt asc, decree_date desc nulls last, source_row desc
),

-- A position outside the scope ends the one before it, and is then left out.
periods as (
    select
        *,
        lead(tmt) over (partition by asn_key order by tmt) as next_tmt
    from one_per_day
)

select
    md5(asn_key || '|' || tmt) as functional_position_key,
    asn_key,
    jabatan_fungsional_id,
    instansi_id,
    source_side,
    jenjang,
    appointment_type,
    next_tmt is null as is_current,
    decree_date,
    tmt as valid_from,
    next_tmt as valid_to
from periods
where is_in_scope
