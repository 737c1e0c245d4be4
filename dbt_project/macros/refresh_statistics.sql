{% macro refresh_statistics() -%}
    {#- A table made just now has no statistics until autovacuum comes by, and what reads it next is planned blindly. -#}
    {%- if config.get('materialized') in ('table', 'incremental') -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
