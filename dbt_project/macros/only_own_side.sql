{% macro only_own_side(others, on_record=true) -%}
    {#- Row-level security: a liaison unit sees what its own side must mend, and with `on_record` that it looks is put on record
        (access.reading); `others` see all. The table is made anew at every build.
        What stands in a sub-select is evaluated once a query, not for each row (docs/benchmarks.md). -#}
    alter table {{ this }} enable row level security;
    {%- for party in ('bps', 'bkn') %}
    {%- set agencies = "(select access.agencies('" ~ party ~ "'))::text []" %}
    create policy own_side_{{ party }} on {{ this }} for select to liaison_{{ party }}
    using (
        owner_party in ('{{ party }}', 'both')
        {%- if on_record %}
        and (select access.note_reading('{{ party }}', null, {{ as_of() }}))
        {%- endif %}
    );
    create policy own_agencies_{{ party }} on {{ this }} for select to liaison_{{ party }}_agencies
    using (
        owner_party in ('{{ party }}', 'both')
        and instansi_id = any({{ agencies }})
        {%- if on_record %}
        and (select access.note_reading('{{ party }}', access.agencies('{{ party }}'), {{ as_of() }}))
        {%- endif %}
    );
    {%- endfor %}
    create policy others_see_all on {{ this }} for select to {{ others | join(', ') }} using (true);
{%- endmacro %}
