{{ config(materialized='view') }}

with review_pairs as (
    select * from {{ source('matching', 'review_pair') }}
)

select
    person_id_bkn,
    holder_id,
    tier,
    score,
    evidence,
    reason
from review_pairs
