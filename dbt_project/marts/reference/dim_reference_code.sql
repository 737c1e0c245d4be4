with history as (
    select * from {{ ref('snap_codes__listed') }}
),

versions as (
    select
        agency,
        list_name,
        code,
        code_name,
        belongs_to,
        mapped_code,
        status,
        dbt_valid_from::date as valid_from,
        dbt_valid_to::date as valid_to,
        distinctive_name,
        row_number() over (partition by agency, list_name, code order by dbt_valid_from) as version_number,
        min(dbt_valid_from::date) over (partition by agency, list_name) as list_known_from,
        lag(dbt_valid_to::date) over (partition by agency, list_name, code order by dbt_valid_from) as previous_valid_to,
        lead(dbt_valid_from::date) over (partition by agency, list_name, code order by dbt_valid_from) as next_valid_from,
        lag(code_name) over (partition by agency, list_name, code order by dbt_valid_from) as previous_name,
        lag(distinctive_name) over (partition by agency, list_name, code order by dbt_valid_from) as previous_distinctive_name,
        lag(mapped_code) over (partition by agency, list_name, code order by dbt_valid_from) as previous_mapped_code
    from history
)

select
    agency,
    list_name,
    code,
    version_number,
    code_name,
    previous_name,
    belongs_to,
    mapped_code,
    previous_mapped_code,
    status,
    case
        when version_number = 1 and valid_from = list_known_from then 'initial'
        when version_number = 1 then 'added'
        when
            {{ folded('code_name') }} <> {{ folded('previous_name') }}
            and public.similarity(distinctive_name, previous_distinctive_name) < {{ var('reference_like_names') }}
            then 'id_reused'
        when previous_valid_to < valid_from then 'returned'
        when {{ folded('code_name') }} <> {{ folded('previous_name') }} then 'renamed'
        when coalesce(mapped_code, '') <> coalesce(previous_mapped_code, '') then 'remapped'
        else 'changed'
    end as change_kind,
    valid_to is not null and coalesce(next_valid_from, 'infinity') <> valid_to as is_retired,
    valid_to is null as is_current,
    valid_from,
    valid_to
from versions
