{% macro grant_schema_usage(schemas) -%}
    {#- dbt's grants give tables only; a reader also needs to enter the schema. -#}
    {%- for schema in schemas if schema.startswith('marts_') %}
    grant usage on schema {{ schema }} to bi_reader, liaison_bps, liaison_bkn, liaison_bps_agencies, liaison_bkn_agencies;
    {%- endfor %}
{%- endmacro %}
