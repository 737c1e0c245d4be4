{{ config(materialized='view', meta={'affected': {'bkn': 'person_id_bkn'}}) }}

with portal_people as (
    select * from {{ ref('stg_bkn__portal_people') }}
),

people as (
    select * from {{ ref('stg_bkn__people') }}
),

scope_positions as (
    select * from {{ ref('int_matching__scope_positions') }}
)

select portal_people.person_id_bkn
from portal_people
inner join scope_positions on portal_people.jabatan_id = scope_positions.jabatan_fungsional_id
left join people on portal_people.nip = people.nip
where people.nip is null
