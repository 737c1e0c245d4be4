{% macro folded(column) -%}
    {#- Letters and digits only, without accents and case: "Dr. S.Si., M.Si" and "DR SSi MSi" are one. -#}
    regexp_replace(
        lower(regexp_replace(normalize({{ column }}, NFKD), U&'[\0300-\036F]', '', 'g')), '[^[:alnum:]]', '', 'g'
    )
{%- endmacro %}

{% macro plainly_folded(column) -%}
    translate(lower({{ column }}), ' .,''-/', '')
{%- endmacro %}

{% macro set_elements(value) -%}
    {#- The elements of a set that is written as one text, set apart by commas or semicolons, folded, each once, in order. -#}
    (
        select array_agg(distinct {{ folded('element') }} order by {{ folded('element') }})
        from regexp_split_to_table({{ value }}, '[,;]') as element
        where {{ folded('element') }} <> ''
    )
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

{% macro same_value(left, right) -%}
    {#-
        Whether two values, neither null, are the same for the comparator and the tolerances of their row. A new comparator is one
        line here and one accepted value of the registry.
    -#}
    case
        when {{ left }} = {{ right }} then true
        -- Most texts differ in case and points alone: told without a regular expression, which costs fifty times as much.
        when comparator in ('text', 'set') and {{ plainly_folded(left) }} = {{ plainly_folded(right) }} then true
        when comparator = 'text' then {{ folded(left) }} = {{ folded(right) }}
        when comparator = 'set' then {{ set_elements(left) }} is not distinct from {{ set_elements(right) }}
        when comparator = 'date'
            then abs({{ left }}::date - {{ right }}::date) <= tolerance_days
        when comparator = 'number'
            then abs({{ left }}::numeric - {{ right }}::numeric) <= tolerance_number
        else false
    end
{%- endmacro %}

{% macro person_pair_text() -%}
    {#- The two ids of a person as one text: what every key of a person or case is the hash of. -#}
    coalesce(person_id_bkn, '') || '|' || coalesce(holder_id, '')
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
