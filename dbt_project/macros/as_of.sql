{% macro as_of() -%}
    {#- The run's logical date as SQL; there is no clock in any model. -#}
    '{{ logical_date() }}'::date
{%- endmacro %}

{% macro logical_date() -%}
    {#-
        The variable `as_of`, or PADAN_AS_OF of the environment, which is read when a node runs: a variable that changes each
        day would have dbt parse the whole project each day. Without either nothing runs.
    -#}
    {%- if var('as_of', none) is not none -%} {{ var('as_of') }}
    {%- elif execute -%} {{ env_var('PADAN_AS_OF') }}
    {%- endif -%}
{%- endmacro %}
