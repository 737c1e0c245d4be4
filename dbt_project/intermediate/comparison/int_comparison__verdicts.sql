with people as (
    select * from {{ ref('int_matching__people') }}
),

bkn_people as (
    select * from {{ ref('int_comparison__bkn_people') }}
),

bps_people as (
    select * from {{ ref('int_comparison__bps_people') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
),

-- Both sides as {attribute: value}, so that the registry alone says what is compared. Materialized: else PostgreSQL makes
-- the jsonb anew for every attribute.
bkn_sides as materialized (
    select
        person_id_bkn,
        instansi_id,
        not_comparable_attributes,
        to_jsonb(bkn_people) as attribute_values
    from bkn_people
),

bps_sides as materialized (
    select
        holder_id,
        instansi_id,
        not_comparable_attributes,
        to_jsonb(bps_people) as attribute_values
    from bps_people
),

presence as (
    select
        people.asn_key,
        people.pair_key,
        people.person_id_bkn,
        people.holder_id,
        registry.attribute,
        case people.known_to
            when 'both' then 'identical'
            when 'bkn' then 'only_in_bkn'
            when 'bps' then 'only_in_bps'
        end as verdict,
        null::text as unusable_side,
        null::text as bkn_value,
        null::text as bps_value,
        coalesce(bkn_people.instansi_id, bps_people.instansi_id) as instansi_id
    from people
    cross join registry
    left join bkn_people on people.person_id_bkn = bkn_people.person_id_bkn
    left join bps_people on people.holder_id = bps_people.holder_id
    where registry.attribute = 'presence'
),

side_by_side as materialized (
    select
        people.asn_key,
        people.pair_key,
        people.person_id_bkn,
        people.holder_id,
        registry.attribute,
        registry.comparator,
        registry.tolerance_days,
        registry.tolerance_number,
        case
            when
                bkn_sides.not_comparable_attributes ? registry.attribute
                and bps_sides.not_comparable_attributes ? registry.attribute
                then 'both'
            when bkn_sides.not_comparable_attributes ? registry.attribute then 'bkn'
            when bps_sides.not_comparable_attributes ? registry.attribute then 'bps'
        end as unusable_side,
        bkn_sides.attribute_values ->> registry.attribute as bkn_value,
        bps_sides.attribute_values ->> registry.attribute as bps_value,
        coalesce(bkn_sides.instansi_id, bps_sides.instansi_id) as instansi_id
    from people
    inner join bkn_sides on people.person_id_bkn = bkn_sides.person_id_bkn
    inner join bps_sides on people.holder_id = bps_sides.holder_id
    cross join registry
    where registry.attribute <> 'presence'
),

compared as (
    select
        asn_key,
        pair_key,
        person_id_bkn,
        holder_id,
        attribute,
        case
            when unusable_side is not null then 'not_comparable'
            when bkn_value is null and bps_value is null then 'identical'
            when bps_value is null then 'only_in_bkn'
            when bkn_value is null then 'only_in_bps'
            when {{ same_value('bkn_value', 'bps_value') }} then 'identical'
            else 'modified'
        end as verdict,
        unusable_side,
        bkn_value,
        bps_value,
        instansi_id
    from side_by_side
),

unioned as (
    select * from presence
    union all
    select * from compared
)

select
    md5({{ person_pair_text() }} || '|' || attribute) as case_key,
    *
from unioned
