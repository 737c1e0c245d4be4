{% test key(model, columns) %}
    -- One query for both halves of a primary key: no part is null, no two rows share it. Where a unique index sees to the
    -- second half, which a model says in its config, nothing is grouped.
    {%- set tested = graph.nodes.get(context['model'].attached_node) if execute %}
    {%- set unique = (tested.config.get('indexes') if tested else none) or [] %}
    {%- set unique = unique | selectattr('unique') | map(attribute='columns') | map('sort') | list %}
    select 1 as broken
    from {{ model }}
    {%- if columns | sort in unique %}
    where {% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %}
    {%- else %}
    group by {{ columns | join(", ") }}
    having count(*) > 1 or bool_or({% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %})
    {%- endif %}
{% endtest %}
