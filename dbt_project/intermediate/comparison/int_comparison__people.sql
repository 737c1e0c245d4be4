{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    indexes=[{'columns': ['asn_key'], 'unique': true}]
) }}

with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
),

compared as (
    select * from {{ ref('int_comparison__compared') }}
),

positions as (
    select * from {{ ref('int_matching__scope_positions') }}
),

rules as (
    select * from {{ ref('jenjang_rules') }}
),

joined as (
    select
        people.asn_key,
        {{ by_authority('instansi_id') }} as instansi_id,
        positions.jf_group,
        {{ by_authority('jenjang') }} as jenjang,
        {{ by_authority('kedudukan_hukum_id') }} as kedudukan_hukum_id,
        people.known_to,
        length(compared.verdicts) as compared,
        length(compared.verdicts) - length(replace(compared.verdicts, '.', '')) as identical,
        -- The position's own age first: the level's is the rule for most positions, not for all.
        coalesce(positions.bup::integer, rules.retirement_age) as retirement_age,
        {{ by_authority('birth_date') }} as birth_date
    from people
    inner join compared on people.asn_key = compared.asn_key
    left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
    left join bps_people on people.holder_id = bps_people.holder_id
    left join positions on {{ by_authority('jabatan_fungsional_id') }} = positions.jabatan_fungsional_id
    left join rules on {{ by_authority('jenjang') }} = rules.jenjang
)

select
    asn_key,
    instansi_id,
    jf_group,
    jenjang,
    kedudukan_hukum_id,
    known_to,
    compared,
    identical,
    retirement_age,
    -- The pension begins on the first day of the month after the one in which the age is reached.
    (date_trunc('month', birth_date + make_interval(years => retirement_age)) + interval '1 month')::date as retires_on
from joined
