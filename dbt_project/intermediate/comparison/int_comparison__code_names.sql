{{ config(materialized='view') }}

with instansi as (
    select * from {{ ref('stg_bkn__instansi') }}
),

functional_positions as (
    select * from {{ ref('stg_bkn__functional_positions') }}
),

education_levels as (
    select * from {{ ref('stg_bkn__education_levels') }}
),

kedudukan_hukum as (
    select * from {{ ref('stg_bkn__kedudukan_hukum') }}
)

select
    'instansi' as attribute,
    instansi_id as code,
    instansi_name as code_name
from instansi
union all
select
    'jabatan_fungsional' as attribute,
    jabatan_fungsional_id as code,
    jabatan_fungsional_name as code_name
from functional_positions
union all
select
    'education_level' as attribute,
    education_level_id as code,
    education_level as code_name
from education_levels
union all
select
    'employment_status' as attribute,
    kedudukan_hukum_id as code,
    kedudukan_hukum as code_name
from kedudukan_hukum
