with outcomes as (
    select * from {{ ref('int_indicators__outcomes') }}
),

letters as (
    select * from {{ ref('int_indicators__letters') }}
),

-- Most records of an agency read the same: counted by the word of their letters first, the letters are few.
words as (
    select
        coalesce(instansi_id, 'unknown') as instansi_id,
        jf_group,
        outcomes,
        count(*) as people
    from outcomes
    group by coalesce(instansi_id, 'unknown'), jf_group, outcomes
)

select
    words.instansi_id,
    words.jf_group,
    letters.indicator,
    sum(words.people)::bigint as assessed,
    coalesce(sum(words.people) filter (where substr(words.outcomes, letters.letter_position, 1) = 'F'), 0)::bigint as failed
from words
inner join letters on substr(words.outcomes, letters.letter_position, 1) <> '-'
group by words.instansi_id, words.jf_group, letters.indicator
