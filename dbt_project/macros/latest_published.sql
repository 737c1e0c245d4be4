{% macro latest_published(party, dataset) -%}
    {#- When the newest published extract had the whole dataset; the epoch where none was ever published. -#}
    select coalesce(max(extract_dataset.completed_at), 'epoch'::timestamptz)
    from landing.extract_dataset
    inner join landing.extract on extract_dataset.extract_id = extract.extract_id
    where
        extract.state = 'published'
        and extract.party = '{{ party }}'
        and extract_dataset.dataset = '{{ dataset }}'
        and extract_dataset.completed_at is not null
{%- endmacro %}
