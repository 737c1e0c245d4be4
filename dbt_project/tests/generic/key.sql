{% test key(model, columns) %}
    -- One query for both halves of a primary key: no part is null, no two rows share it.
    select 1 as broken
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1 or bool_or({% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %})
{% endtest %}
