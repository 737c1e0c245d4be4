{% macro as_of() -%}
    {#- The run's logical date as SQL; there is no clock in any model. -#}
    '{{ var("as_of") }}'::date
{%- endmacro %}
