{#
    Raw text to typed columns. A model lists its checked columns once, as {raw column: kind}; then
        from {{ parsed(checked) }}            makes each a value once, and
        parsed_tgl_lahir                      is that value, NULL where the text is blank or will not parse,
        {{ findings(checked) }}               is jsonb {raw column: rule broken}, of what would not parse, never the value.
    Kinds: date_dmy (DD-MM-YYYY, SIASN), date_iso (YYYY-MM-DD, BPS), number, year (a year, or a DD-MM-YYYY date), month (1..12),
    flag (true/false/1/0), moment (ISO timestamp), sex_mf (M/F), sex_lp (L/P), nik.
    pg_input_is_valid decides, so that no bad value can stop a build or reach an error message.
#}

{% macro stripped(column) -%}
    nullif(btrim({{ column }}, E' \t\r\n\u00a0'), '')
{%- endmacro %}

{% macro digits(column) -%}
    {#- regexp_replace is dear: only for what is not digits alone. -#}
    case when {{ column }} ~ '^\d+$' then {{ column }} else nullif(regexp_replace({{ column }}, '\D', '', 'g'), '') end
{%- endmacro %}

{% macro _kind_rules(kind) -%}
    {#- pattern: the shape the text must have; cast: what of it PostgreSQL is asked to read as the type. -#}
    {%- do return({
        'date_dmy': {'type': 'date', 'pattern': '^\d\d-\d\d-\d{4}$', 'misshapen': 'not_a_date', 'impossible': 'impossible_date'},
        'date_iso': {'type': 'date', 'pattern': '^\d{4}-\d\d-\d\d$', 'misshapen': 'not_a_date', 'impossible': 'impossible_date'},
        'number': {'type': 'numeric', 'pattern': '^-?\d+(\.\d+)?$', 'misshapen': 'not_a_number'},
        'year': {'type': 'integer', 'pattern': '^(\d\d-\d\d-)?[12]\d{3}$', 'misshapen': 'not_a_year'},
        'month': {'type': 'integer', 'pattern': '^(0?[1-9]|1[0-2])$', 'misshapen': 'not_a_month'},
        'flag': {'type': 'boolean', 'pattern': '(?i)^(true|false|1|0)$', 'misshapen': 'not_a_flag'},
        'moment': {'type': 'timestamptz', 'pattern': '^\d{4}-\d\d-\d\d[T ]', 'misshapen': 'not_a_timestamp'},
    }[kind]) -%}
{%- endmacro %}

{% macro _cast_text(text, kind) -%}
    {%- if kind == 'date_dmy' -%}
    substr({{ text }}, 7, 4) || '-' || substr({{ text }}, 4, 2) || '-' || substr({{ text }}, 1, 2)
    {%- elif kind == 'year' -%}
    right({{ text }}, 4)
    {%- else -%}
    {{ text }}
    {%- endif -%}
{%- endmacro %}

{% macro parsed(checked) -%}
    {#-
        What a model selects from in place of its CTE `source`: with each checked column as text_COLUMN and parsed_COLUMN.
        `limit all` takes nothing away; it keeps PostgreSQL from writing these expressions wherever their values are named,
        to be worked out each time anew. `offset 0` would as well, but not in parallel; nor would a lateral join.
    -#}
    (
        select
            texts.*,
            {%- for column, kind in checked.items() %}
            {{ _typed('texts.text_' ~ column, kind) }} as parsed_{{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from (
            select
                source.*,
                {%- for column in checked %}
                {{ stripped('source.' ~ column) }} as text_{{ column }}{{ "," if not loop.last }}
                {%- endfor %}
            from source
            limit all
        ) as texts
        limit all
    ) as source
{%- endmacro %}

{% macro _typed(text, kind) -%}
    {%- if kind == 'sex_mf' -%}
    case upper({{ text }}) when 'M' then 'L' when 'F' then 'P' end
    {%- elif kind == 'sex_lp' -%}
    case when upper({{ text }}) in ('L', 'P') then upper({{ text }}) end
    {%- elif kind == 'nik' -%}
    {{ digits(text) }}
    {%- else -%}
    {%- set rule = _kind_rules(kind) -%}
    case
        when {{ text }} ~ '{{ rule.pattern }}' and pg_input_is_valid({{ _cast_text(text, kind) }}, '{{ rule.type }}')
            then ({{ _cast_text(text, kind) }})::{{ rule.type }}
    end
    {%- endif -%}
{%- endmacro %}

{% macro _finding(column, kind) -%}
    {#- Text that gave no value; of a NIK also text that gave too few digits or too many. -#}
    {%- if kind == 'nik' -%}
    case when coalesce(length(parsed_{{ column }}), 0) <> 16 and text_{{ column }} is not null then 'not_16_digits' end
    {%- elif kind in ('sex_mf', 'sex_lp') -%}
    case when parsed_{{ column }} is null and text_{{ column }} is not null then 'unknown_sex' end
    {%- else -%}
    {%- set rule = _kind_rules(kind) -%}
    case
        when parsed_{{ column }} is not null or text_{{ column }} is null then null
        when text_{{ column }} !~ '{{ rule.pattern }}' then '{{ rule.misshapen }}'
        else '{{ rule.impossible or rule.misshapen }}'
    end
    {%- endif -%}
{%- endmacro %}

{% macro findings(checked) -%}
    {#- Nearly every row has none: that much is told without building an object for it. -#}
    case
        when coalesce(
            {%- for column, kind in checked.items() %}
            {{ _finding(column, kind) }}{{ "," if not loop.last }}
            {%- endfor %}
        ) is null then '{}'::jsonb
        else jsonb_strip_nulls(jsonb_build_object(
            {%- for column, kind in checked.items() %}
            '{{ column }}', {{ _finding(column, kind) }}{{ "," if not loop.last }}
            {%- endfor %}
        ))
    end
{%- endmacro %}

{% macro findings_of(model, dataset, row_key, person_key) -%}
    {#- One row per value of a staging model that would not parse. -#}
    select
        '{{ dataset }}' as dataset,
        {{ row_key }} as row_key,
        {{ person_key }} as person_key,
        broken.field,
        broken.rule
    from {{ model }} as checked_rows
    cross join lateral jsonb_each_text(checked_rows.findings) as broken (field, rule)
    where checked_rows.findings <> '{}'
{%- endmacro %}

{% macro row_hash(relation) -%}
    {#- Of the content as one text: cheaper than of the same as jsonb. -#}
    md5({{ relation }}::text)
{%- endmacro %}

{% macro comes_before(left, right) -%}
    {#- Total order of opaque ids: as numbers where they are numbers, then as text. -#}
    (coalesce(case when {{ left }} ~ '^\d+$' then {{ left }}::numeric end, 'Infinity'), {{ left }})
    < (coalesce(case when {{ right }} ~ '^\d+$' then {{ right }}::numeric end, 'Infinity'), {{ right }})
{%- endmacro %}
