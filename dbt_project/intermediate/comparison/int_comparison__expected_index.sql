{{ config(materialized='view') }}

with people as (
    select * from {{ ref('int_matching__people') }}
),

registry as (
    select * from {{ ref('attribute_registry') }}
)

select
    people.pair_key,
    people.person_id_bkn,
    people.holder_id,
    registry.attribute
from people
inner join registry on people.known_to = 'both' or registry.attribute = 'presence'
