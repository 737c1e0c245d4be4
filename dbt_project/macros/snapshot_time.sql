{% macro postgres__snapshot_get_time() -%}
    {#- Versions begin and end on the run's logical date, so a late or repeated run writes the same history. -#}
    {{ as_of() }}::timestamp
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
    do $$
    begin
        if exists (select 1 from {{ this }} where greatest(dbt_valid_from, dbt_valid_to) > {{ as_of() }}) then
            raise exception 'snapshot {{ this.identifier }} holds versions later than as_of {{ var("as_of") }}';
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
