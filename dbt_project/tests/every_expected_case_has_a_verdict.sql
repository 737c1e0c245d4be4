-- A comparison that did not take place must not look like agreement: the index of what must be compared and the verdicts
-- count the same for every person.
with people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ made_now('asn', 'asn_key') }}
),

attributes as (
    select count(*) as number_of_attributes from {{ ref('int_comparison__attributes') }}
),

compared as (
    select *
    from {{ ref('int_comparison__compared') }}
    where {{ made_now('asn', 'asn_key') }}
),

expected as (
    select
        people.asn_key,
        case people.known_to when 'both' then attributes.number_of_attributes else 1 end as verdicts
    from people
    cross join attributes
)

select
    expected.asn_key as expected_key,
    compared.asn_key as compared_key
from expected
full join compared on expected.asn_key = compared.asn_key
where expected.verdicts is distinct from length(compared.verdicts)
