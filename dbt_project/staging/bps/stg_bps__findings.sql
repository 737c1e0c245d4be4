{{ config(
    materialized='incremental',
    meta={'affected': {'bps': 'holder_id'}, 'anew': "dataset in ('formations', 'reference_codes')"},
    indexes=[{'columns': ['holder_id']}]
) }}

with holders as (
    select *
    from {{ ref('stg_bps__holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

positions as (
    select *
    from {{ ref('stg_bps__positions') }}
    where {{ of_affected('bps', 'holder_id') }}
),

credits as (
    select *
    from {{ ref('stg_bps__credits') }}
    where {{ of_affected('bps', 'holder_id') }}
),

competence_tests as (
    select *
    from {{ ref('stg_bps__competence_tests') }}
    where {{ of_affected('bps', 'holder_id') }}
),

formations as (
    select * from {{ ref('stg_bps__formations') }}
),

reference_codes as (
    select * from {{ ref('stg_bps__reference_codes') }}
),

source as (
    select *
    from {{ source('raw_bps', 'holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

all_holders as (
    select {{ stripped('holder_id') }} as holder_id from source
),

duplicates as (
    select
        'holders' as dataset,
        all_holders.holder_id as row_key,
        all_holders.holder_id as person_key,
        'nip_bps' as field,
        'duplicate_person' as rule
    from all_holders
    left join holders on all_holders.holder_id = holders.holder_id
    where holders.holder_id is null
),

of_holders as (
    select
        'position_history' as dataset,
        history_id as row_key,
        holder_id
    from positions
    union all
    select
        'credits' as dataset,
        credit_id as row_key,
        holder_id
    from credits
    union all
    select
        'competence_tests' as dataset,
        test_id as row_key,
        holder_id
    from competence_tests
),

-- Who BPS's own list of holders lacks, though a row is about them.
orphans as (
    select
        of_holders.dataset,
        of_holders.row_key,
        of_holders.holder_id as person_key,
        'holder_id' as field,
        'unknown_holder' as rule
    from of_holders
    left join all_holders on of_holders.holder_id = all_holders.holder_id
    where of_holders.holder_id is not null and all_holders.holder_id is null
),

unioned as (
    {{ findings_of('holders', 'holders', 'holder_id', 'holder_id') }}
    union all
    {{ findings_of('positions', 'position_history', 'history_id', 'holder_id') }}
    union all
    {{ findings_of('credits', 'credits', 'credit_id', 'holder_id') }}
    union all
    {{ findings_of('competence_tests', 'competence_tests', 'test_id', 'holder_id') }}
    union all
    {{ findings_of('formations', 'formations', 'formation_id', 'null::text') }}
    union all
    {{ findings_of('reference_codes', 'reference_codes', "code_type || '|' || code", 'null::text') }}
    union all
    select * from duplicates
    union all
    select * from orphans
)

select
    dataset,
    row_key,
    person_key as holder_id,
    field,
    rule
from unioned
