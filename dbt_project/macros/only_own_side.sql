{% macro only_own_side() -%}
    {#- Row-level security: a liaison unit sees the differences that its own side must mend. The table is made anew at every build. -#}
    alter table {{ this }} enable row level security;
    {%- for party in ('bps', 'bkn') %}
    create policy own_side_{{ party }} on {{ this }} for select to liaison_{{ party }}
    using (owner_party in ('{{ party }}', 'both'));
    {#- A sub-select is evaluated once, not for each row (docs/benchmarks.md). #}
    create policy own_agencies_{{ party }} on {{ this }} for select to liaison_{{ party }}_agencies
    using (
        owner_party in ('{{ party }}', 'both')
        and instansi_id = any((select access.agencies('{{ party }}'))::text [])
    );
    {%- endfor %}
    create policy pipeline_sees_all on {{ this }} for select to quality, minutes, status using (true);
{%- endmacro %}
