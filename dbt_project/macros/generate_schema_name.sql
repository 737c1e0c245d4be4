{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- The schema as configured, without the target's prefix: one database per environment. -#}
    {{ custom_schema_name if custom_schema_name is not none else target.schema }}
{%- endmacro %}
