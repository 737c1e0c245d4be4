{{ config(materialized='view') }}

with person_pairs as (
    select * from {{ source('matching', 'person_pair') }}
)

select
    person_id_bkn,
    holder_id,
    tier,
    score,
    evidence
from person_pairs
