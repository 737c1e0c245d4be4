{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {#-
        As dbt does it, but for a model with a contract: dbt inserts into a table that has its primary key already, row by row into
        the index and by one process. Here the rows are written first, by a query that may be parallel, cast to the types of the
        contract; keys and constraints follow, in the same transaction.
    -#}
    {%- if config.get('contract').enforced and not temporary -%}
    {{ get_assert_columns_equivalent(sql) }}
    create table {{ relation }} as
    select
        {%- for column in model['columns'].values() %}
        {{ adapter.quote(column.name) if column.quote else column.name }}::{{ column.data_type }}{{ "," if not loop.last }}
        {%- endfor %}
    from (
        {{ sql }}
    ) as model_rows;
    {%- set needed = model['columns'].values() | selectattr('constraints') | list -%}
    {%- for column in needed %}
    {%- for constraint in column.constraints %}
    {%- if constraint.type != 'not_null' -%}
    {%- do exceptions.raise_compiler_error("a column's constraint other than not_null is one of the model: " ~ column.name) -%}
    {%- endif %}
    alter table {{ relation }} alter column {{ column.name }} set not null;
    {%- endfor %}
    {%- endfor %}
    {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model['constraints']) %}
    alter table {{ relation }} add {{ constraint }};
    {%- endfor %}
    {%- else -%}
    {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- endif -%}
{%- endmacro %}
