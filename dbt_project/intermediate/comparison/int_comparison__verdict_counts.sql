with compared as (
    select * from {{ ref('int_comparison__compared') }}
),

attributes as (
    select * from {{ ref('int_comparison__attributes') }}
),

-- Most people of an agency read the same: counted by the word of their letters first, the letters are few.
words as (
    select
        instansi_id,
        verdicts,
        pair_key is not null as is_pair,
        count(*) as people
    from compared
    group by instansi_id, verdicts, pair_key is not null
),

spelt as (
    select
        words.instansi_id,
        attributes.attribute,
        words.is_pair,
        words.people,
        {{ verdict_of('substr(words.verdicts, attributes.letter_position, 1)') }} as verdict
    from words
    inner join attributes on length(words.verdicts) >= attributes.letter_position
)

select
    coalesce(instansi_id, 'unknown') as instansi_id,
    attribute,
    is_pair,
    verdict,
    sum(people)::bigint as people
from spelt
group by coalesce(instansi_id, 'unknown'), attribute, is_pair, verdict
