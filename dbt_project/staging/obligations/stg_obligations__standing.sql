{{ config(materialized='view') }}

with standing as (
    select * from {{ source('obligations', 'standing') }}
)

select
    obligation,
    party,
    period,
    duty,
    kind,
    cites,
    state,
    evidence,
    evidence_count,
    as_of,
    since,
    due_on,
    evidence_on
from standing
