{#
    Models whose rows are about single people are made anew for whom the running build works through alone
    (padan.warehouse.changes): a model says in `meta.affected` which of its columns names them, by side, and reads them with
        where {{ of_affected('bkn', 'person_id_bkn') }}
    Their rows of before go, those of now come; in a whole build the table is made anew like any other.
#}

{% macro should_full_refresh() -%}
    {#- dbt's own, and whatever is incremental in a whole build. -#}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is none -%}
    {%- set configured = flags.FULL_REFRESH or (model.config.materialized == 'incremental' and is_whole_build()) -%}
    {%- endif -%}
    {%- do return(configured) -%}
{%- endmacro %}

{% macro is_whole_build() -%}
    {%- if not execute -%}{%- do return(true) -%}{%- endif -%}
    {%- do return(run_query('select coalesce((select whole and not finished from landing.build), true)').rows[0][0]) -%}
{%- endmacro %}

{% macro should_revoke(existing_relation, full_refresh_mode=true) -%}
    {#-
        Never: of a table that stays dbt would revoke what the database's default privileges give the rooms. A grant that
        leaves the project goes all the same, since every change of code makes a whole build, of new tables.
    -#}
    {%- do return(false) -%}
{%- endmacro %}

{% macro affected_keys(side) -%}
    (select affected.key from landing.affected where affected.side = '{{ side }}')
{%- endmacro %}

{% macro of_affected(side, column, above_joins=false) -%}
    {#-
        Of a view that joins outwards (`above_joins`) PostgreSQL would work out every row before it looks who is affected; as an
        array the keys reach the table's index below the joins. It takes them for ten, so the joins must be good for more.
    -#}
    {%- if not is_incremental() -%} true
    {%- elif above_joins -%} {{ column }} = any(array{{ affected_keys(side) }})
    {%- else -%} {{ column }} in {{ affected_keys(side) }}
    {%- endif -%}
{%- endmacro %}

{% macro made_now(side, column) -%}
    {#- For a test of several models: the rows that the running build made. -#}
    {%- if is_whole_build() -%} true
    {%- else -%} {{ column }} in {{ affected_keys(side) }}
    {%- endif -%}
{%- endmacro %}

{% macro get_incremental_of_affected_sql(arguments) -%}
    {#- The strategy `of_affected`: what the model now has of these people in place of what it had. -#}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) %}
    {%- for side, column in (model.config.meta.affected or {}).items() %}
    delete from {{ arguments.target_relation }} as held using landing.affected
    where affected.side = '{{ side }}' and held.{{ column }} = affected.key;
    {%- endfor %}
    {%- if model.config.meta.anew %}
    delete from {{ arguments.target_relation }} where {{ model.config.meta.anew }};
    {%- endif %}
    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }};
{%- endmacro %}

{% macro affect_asn_of_people() -%}
    {#- A hook of int_matching__people: the keys of the affected, on either side, for what has a row a person at both. -#}
    {%- if is_incremental() -%}
    insert into landing.affected (side, key)
    select 'asn', people.asn_key
    from {{ this }} as people
    inner join landing.affected on affected.side = 'bkn' and people.person_id_bkn = affected.key
    union
    select 'asn', people.asn_key
    from {{ this }} as people
    inner join landing.affected on affected.side = 'bps' and people.holder_id = affected.key
    on conflict do nothing;
    analyze landing.affected
    {%- endif -%}
{%- endmacro %}

{% macro affect_turned() -%}
    {#- A hook of int_indicators__outcomes: whose outcome a date has turned by now. -#}
    {%- if is_incremental() -%}
    insert into landing.affected (side, key)
    select 'asn', asn_key from {{ this }} where changes_on <= {{ as_of() }}
    on conflict do nothing
    {%- endif -%}
{%- endmacro %}

{% macro affect_tested() -%}
    {#- A hook: whose competence test was yet to come at the last build and has taken place now. -#}
    {%- if is_incremental() -%}
    insert into landing.affected (side, key)
    select distinct 'asn', people.asn_key
    from {{ ref('stg_bps__competence_tests') }} as tests
    inner join {{ ref('int_matching__people') }} as people on tests.holder_id = people.holder_id
    where tests.test_date <= {{ as_of() }} and tests.test_date > (select built_as_of from landing.build)
    on conflict do nothing
    {%- endif -%}
{%- endmacro %}

{% macro first_month_to_count() -%}
    {#- The month of the last build, of which not all was known then. -#}
    (select date_trunc('month', build.built_as_of)::date from landing.build)
{%- endmacro %}

{% macro affect_recoded() -%}
    {#- A hook of the crosswalk: another meaning of codes reaches everybody, so the rest of the build is whole. -#}
    with present as (
        select md5(coalesce(string_agg(crosswalk::text, '|' order by code_type, bps_code), '')) as content
        from {{ this }} as crosswalk
    )

    update landing.build
    set
        whole = whole or built_crosswalk is distinct from present.content,
        reason = case when not whole and built_crosswalk is distinct from present.content then 'codes' else reason end,
        built_crosswalk = present.content
    from present
{%- endmacro %}

{% macro affected_by(relation) -%}
    {#- The columns by which a relation's model follows changes, by side; none where it does not. -#}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'snapshot') -%}
    {%- if node.schema == relation.schema and node.alias == relation.identifier -%}
    {%- do return(node.config.meta.affected) -%}
    {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro get_where_subquery(relation) -%}
    {#- What a generic test looks at: of a model that follows changes, only the rows that the running build made. -#}
    {%- set where = config.get('where') or 'true' -%}
    {%- set affected = affected_by(relation) if execute and not is_whole_build() else none -%}
    {%- if affected %}
    (
        {%- for side, column in affected.items() %}
        select * from {{ relation }} where {{ where }} and {{ column }} in {{ affected_keys(side) }}
        {%- if not loop.first %} and {{ (affected.values() | list)[0] }} is null{% endif %}
        {{- " union all" if not loop.last }}
        {%- endfor %}
    ) dbt_subquery
    {%- elif where != 'true' -%}
    (select * from {{ relation }} where {{ where }}) dbt_subquery
    {%- else -%}
    {{ relation }}
    {%- endif -%}
{%- endmacro %}
