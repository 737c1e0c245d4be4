{% macro postgres__snapshot_get_time() -%}
    {#- Versions begin and end on the run's logical date, so a late or repeated run writes the same history. -#}
    {{ as_of() }}::timestamp
{%- endmacro %}

{% macro postgres__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {#-
        dbt names both sides in common table expressions that it reads three times, so PostgreSQL would write each out, every
        column of every person. Inlined, they are scans, and the joins carry key and hash alone. Of what follows changes
        (macros/changes.sql) both sides are those of the affected people.
    -#}
    {%- set affected = model.config.meta.affected if not is_whole_build() else none -%}
    {%- set standing = 'from ' ~ target_relation ~ '\n        where' -%}
    {%- set made = default__snapshot_staging_table(strategy, of_affected_source(source_sql, affected), target_relation) -%}
    {%- if standing not in made -%}
    {%- do exceptions.raise_compiler_error("dbt writes its snapshots otherwise than macros/snapshot_time.sql expects") -%}
    {%- endif -%}
    {%- for side, column in (affected or {}).items() -%}
    {%- set made = made | replace(standing, standing ~ ' ' ~ column ~ ' in ' ~ affected_keys(side) ~ ' and') -%}
    {{ _inlined(made) }}
    {%- else -%}
    {{ _inlined(made) }}
    {%- endfor -%}
{%- endmacro %}

{% macro _inlined(made) -%}
    {{ made
        | replace('snapshot_query as (', 'snapshot_query as not materialized (')
        | replace('snapshotted_data as (', 'snapshotted_data as not materialized (') }}
{%- endmacro %}

{% macro of_affected_source(source_sql, affected) -%}
    {%- for side, column in (affected or {}).items() -%}
    select * from ({{ source_sql }}) as everybody where {{ column }} in {{ affected_keys(side) }}
    {%- else -%}
    {{ source_sql }}
    {%- endfor -%}
{%- endmacro %}

{% macro rewind_same_day() -%}
    {#-
        Before a snapshot compares: undo what an earlier run of the same as_of wrote and no longer holds, so that a
        corrected re-run replaces that day's version instead of leaving one of zero length. Rows that still hold are not
        touched. An as_of before the newest version would tear the history apart: refused.
    -#}
    {%- if execute and load_relation(this) is not none -%}
    {%- set key = config.get('unique_key') -%}
    {%- set hash = config.get('check_cols')[0] -%}
    {#- Both days are nearly always the same few: indexes of a few megabytes, and no scan of a whole history below. -#}
    create index if not exists {{ this.identifier }}_by_valid_from on {{ this }} (dbt_valid_from);
    create index if not exists {{ this.identifier }}_by_valid_to on {{ this }} (dbt_valid_to) where dbt_valid_to is not null;
    do $$
    begin
        if exists (
            select 1 from {{ this }} where dbt_valid_from > {{ as_of() }} or (dbt_valid_to is not null and dbt_valid_to > {{ as_of() }})
        ) then
            raise exception 'snapshot {{ this.identifier }} holds versions later than as_of {{ logical_date() }}';
        end if;
    end
    $$;
    delete from {{ this }} as written_today
    where
        written_today.dbt_valid_from = {{ as_of() }}
        and written_today.dbt_valid_to is null
        and not exists (
            select 1 from ({{ model['compiled_code'] }}) as incoming
            where incoming.{{ key }} = written_today.{{ key }} and incoming.{{ hash }} = written_today.{{ hash }}
        );
    update {{ this }} as closed_today
    set dbt_valid_to = null
    where
        closed_today.dbt_valid_to = {{ as_of() }}
        and exists (select 1 from ({{ model['compiled_code'] }}) as incoming where incoming.{{ key }} = closed_today.{{ key }})
        and not exists (
            select 1 from {{ this }} as still_open
            where still_open.{{ key }} = closed_today.{{ key }} and still_open.dbt_valid_to is null
        );
    {%- endif -%}
{%- endmacro %}
