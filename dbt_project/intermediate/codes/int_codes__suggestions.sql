with mapping as (
    select * from {{ ref('int_codes__mapping') }}
),

codes as (
    select * from {{ ref('int_codes__listed') }}
),

candidates as (
    select
        mapping.code_key,
        mapping.agency,
        mapping.list_name,
        mapping.code,
        codes.code as suggested_code,
        codes.code_name as suggested_name,
        round(public.similarity(mapping.distinctive_name, codes.distinctive_name)::numeric, 3) as similarity
    from mapping
    inner join codes on mapping.agency <> codes.agency and mapping.paired_list = codes.list_name
    where mapping.issue is not null and mapping.distinctive_name is not null
),

ranked as (
    select
        *,
        row_number() over (partition by code_key order by similarity desc, suggested_code asc) as place
    from candidates
    where similarity >= {{ var('reference_like_names') }}
)

select
    code_key,
    agency,
    list_name,
    code,
    place,
    suggested_code,
    suggested_name,
    similarity
from ranked
where place <= 3
