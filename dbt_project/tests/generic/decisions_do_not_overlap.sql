{% test decisions_do_not_overlap(model) %}
    -- Of two decisions about one code on one day, none could be followed.
    select 1 as broken
    from {{ model }} as earlier
    inner join {{ model }} as later
        on
            earlier.bps_list = later.bps_list
            and earlier.bps_code = later.bps_code
            and earlier.valid_from < later.valid_from
    where coalesce(earlier.valid_to, 'infinity') >= later.valid_from
{% endtest %}
