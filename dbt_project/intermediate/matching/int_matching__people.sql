with pairs as (
    select * from {{ ref('int_matching__pairs') }}
),

unmatched as (
    select * from {{ ref('int_matching__unmatched') }}
),

people as (
    select
        pair_key,
        person_id_bkn,
        holder_id,
        tier,
        'both' as known_to
    from pairs
    union all
    select
        null as pair_key,
        person_id_bkn,
        holder_id,
        null as tier,
        side as known_to
    from unmatched
)

select
    {{ pseudonym(person_pair_text()) }} as asn_key,
    pair_key,
    person_id_bkn,
    holder_id,
    tier,
    known_to
from people
