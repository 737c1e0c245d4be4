{% macro folded(column, but_for='') -%}
    {#- Letters and digits only, without accents and case: "Dr. S.Si., M.Si" and "DR SSi MSi" are one. -#}
    regexp_replace(
        lower(regexp_replace(normalize({{ column }}, NFKD), U&'[\0300-\036F]', '', 'g')), '[^[:alnum:]{{ but_for }}]', '', 'g'
    )
{%- endmacro %}

{% macro plainly_folded(column) -%}
    translate(lower({{ column }}), ' .,''-/', '')
{%- endmacro %}

{% macro set_elements(value) -%}
    {#- The elements of a set that is written as one text, set apart by commas or semicolons, folded. -#}
    array_remove(regexp_split_to_array({{ folded(value, but_for=',;') }}, '[,;]'), '')
{%- endmacro %}

{% macro same_elements(left, right) -%}
    {#- Without a subquery, for which PostgreSQL would compare nobody in parallel. -#}
    ({{ set_elements(left) }} @> {{ set_elements(right) }} and {{ set_elements(left) }} <@ {{ set_elements(right) }})
{%- endmacro %}

{% macro elements_only_in(value, other) -%}
    {#- The elements of ``value`` that ``other`` lacks, as they are written; null where there is none. -#}
    (
        select string_agg(distinct btrim(element), ', ' order by btrim(element))
        from regexp_split_to_table({{ value }}, '[,;]') as element
        where {{ folded('element') }} <> ''
            and {{ folded('element') }} <> all(coalesce({{ set_elements(other) }}, '{}'))
    )
{%- endmacro %}

{% macro same_value(attribute, left, right) -%}
    {#-
        Whether two values, neither null and not byte for byte the same, are the same for the comparator and the tolerances of an
        attribute. A new comparator is one branch here and one accepted value of the registry.
    -#}
    {%- if attribute.comparator == 'text' -%}
    case
        -- Most texts differ in case and points alone: told without a regular expression, which costs fifty times as much.
        when {{ plainly_folded(left) }} = {{ plainly_folded(right) }} then true
        else {{ folded(left) }} = {{ folded(right) }}
    end
    {%- elif attribute.comparator == 'set' -%}
    case
        when {{ plainly_folded(left) }} = {{ plainly_folded(right) }} then true
        else {{ same_elements(left, right) }}
    end
    {%- elif attribute.comparator == 'date' -%}
    abs({{ left }} - {{ right }}) <= {{ attribute.tolerance_days }}
    {%- elif attribute.comparator == 'number' -%}
    abs({{ left }} - {{ right }}) <= {{ attribute.tolerance_number }}
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{% macro compared_attributes() -%}
    {#-
        The rows of the registry, in the order of the letters of int_comparison__compared. Read when the model is compiled: one
        expression per attribute compares some forty times as fast as a row per attribute did.
    -#}
    {%- if not execute -%}
    {#- Where nothing runs (parser, linter) one attribute stands for all. -#}
    {%- do return([{'attribute': 'nip', 'comparator': 'exact'}]) -%}
    {%- endif -%}
    {%- do return(run_query(
        'select attribute, comparator, tolerance_days, tolerance_number from ' ~ ref('attribute_registry')
        ~ ' order by ' ~ attribute_order()
    ).rows) -%}
{%- endmacro %}

{% macro attribute_order() -%}
    attribute <> 'presence', attribute
{%- endmacro %}

{% macro verdict_letter(attribute) -%}
    {#- The verdict on one attribute of a pair (bkn_people, bps_people) as a letter, which verdict_of spells out. -#}
    {%- set name = attribute.attribute -%}
    {%- set bkn = 'bkn_people.' ~ name -%}
    {%- set bps = 'bps_people.' ~ name -%}
    case
        when
            {{ bkn }} = {{ bps }}
            and bkn_people.not_comparable_attributes is null and bps_people.not_comparable_attributes is null
            then '.'
        when
            bkn_people.not_comparable_attributes ? '{{ name }}'
            and bps_people.not_comparable_attributes ? '{{ name }}'
            then '2'
        when bkn_people.not_comparable_attributes ? '{{ name }}' then 'k'
        when bps_people.not_comparable_attributes ? '{{ name }}' then 's'
        when {{ bkn }} is null and {{ bps }} is null then '.'
        when {{ bps }} is null then 'K'
        when {{ bkn }} is null then 'S'
        when {{ bkn }} = {{ bps }} then '.'
        when {{ same_value(attribute, bkn, bps) }} then '.'
        else 'M'
    end
{%- endmacro %}

{% macro verdict_letters(attributes) -%}
    {#- A letter for each attribute but presence, which the registry puts first. -#}
    {%- for attribute in attributes if attribute.attribute != 'presence' %}
    {{ verdict_letter(attribute) }}
    {{- " ||" if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro value_of(attributes, side) -%}
    {#- The value that one side of a difference holds, as text; presence has none. -#}
    case differing.attribute
        {%- for attribute in attributes if attribute.attribute != 'presence' %}
        when '{{ attribute.attribute }}' then {{ side }}.{{ attribute.attribute }}::text
        {%- endfor %}
    end
{%- endmacro %}

{% macro verdict_of(letter) -%}
    case {{ letter }}
        when '.' then 'identical'
        when 'M' then 'modified'
        when 'K' then 'only_in_bkn'
        when 'S' then 'only_in_bps'
        else 'not_comparable'
    end
{%- endmacro %}

{% macro unusable_side_of(letter) -%}
    case {{ letter }} when 'k' then 'bkn' when 's' then 'bps' when '2' then 'both' end
{%- endmacro %}

{% macro person_pair_text(relation='') -%}
    {#- The two ids of a person as one text: what every key of a person or case is the hash of. -#}
    coalesce({{ relation }}person_id_bkn, '') || '|' || coalesce({{ relation }}holder_id, '')
{%- endmacro %}

{% macro sha256_hex(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}

{% macro pseudonym(text) -%}
    {#- A stable key from which nobody can tell the person without the secret, which only the session knows (padan.warehouse.dbt). -#}
    encode(public.hmac({{ text }}, current_setting('padan.pseudonym_key'), 'sha256'), 'hex')
{%- endmacro %}

{% macro code_shown(column) -%}
    {#- A code as somebody typed it, for readers of marts: what does not look like one may be a name or a number of a person. -#}
    case when {{ column }} ~ '^[[:alnum:]._/-]{1,36}$' and {{ column }} !~ '[0-9]{16}' then {{ column }} else 'unreadable' end
{%- endmacro %}
