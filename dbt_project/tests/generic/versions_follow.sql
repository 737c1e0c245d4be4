{% test versions_follow(model, unique_key) %}
    -- Versions of one record neither overlap nor have zero length.
    with versions as (
        select
            dbt_valid_from,
            dbt_valid_to,
            lead(dbt_valid_from) over (partition by {{ unique_key }} order by dbt_valid_from) as next_valid_from
        from {{ model }}
    )

    select 1 as broken
    from versions
    where dbt_valid_to <= dbt_valid_from or coalesce(dbt_valid_to, 'infinity') > coalesce(next_valid_from, 'infinity')
{% endtest %}
