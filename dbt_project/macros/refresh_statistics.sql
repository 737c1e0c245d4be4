{% macro refresh_statistics() -%}
    {#- A table made just now has no statistics until autovacuum comes by, and what reads it next is planned blindly. -#}
    {%- if config.get('materialized') == 'table' or (config.get('materialized') == 'incremental' and not is_incremental()) -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
