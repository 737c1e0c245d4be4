-- The planner takes a CTE's people for a handful, and would compare each NIK with each: hours for millions.
{{ config(
    materialized='incremental',
    meta={'affected': {'bkn': 'person_id_bkn', 'bps': 'holder_id'}},
    indexes=[{'columns': ['person_id_bkn'], 'unique': true}, {'columns': ['holder_id'], 'unique': true}],
    pre_hook="{{ 'set local enable_nestloop = off' if not is_incremental() }}"
) }}

with bkn_people as (
    select *
    from {{ ref('stg_bkn__people') }}
    where {{ of_affected('bkn', 'person_id_bkn') }}
),

holders as (
    select *
    from {{ ref('stg_bps__holders') }}
    where {{ of_affected('bps', 'holder_id') }}
),

decisions as (
    select * from {{ ref('matching_decisions') }}
),

-- Each tier asks the registry: a rule that it does not name matches nobody.
registry as (
    select * from {{ ref('matching_tiers') }}
),

never as (
    select
        person_id_bkn,
        holder_id
    from decisions
    where decision = 'never_link'
),

-- A person's decision is above every key; it waits while one of the two is not served.
decided as (
    select
        bkn_people.person_id_bkn,
        holders.holder_id,
        'decided' as tier
    from decisions
    inner join bkn_people on decisions.person_id_bkn = bkn_people.person_id_bkn
    inner join holders on decisions.holder_id = holders.holder_id
    inner join registry on registry.tier = 'decided'
    where decisions.decision = 'link'
),

exact_nip as (
    select
        bkn_people.person_id_bkn,
        holders.holder_id,
        'exact_nip' as tier
    from bkn_people
    inner join holders on bkn_people.nip = holders.nip_bps
    inner join registry on registry.tier = 'exact_nip'
    left join decided as bkn_decided on bkn_people.person_id_bkn = bkn_decided.person_id_bkn
    left join decided as bps_decided on holders.holder_id = bps_decided.holder_id
    left join never on bkn_people.person_id_bkn = never.person_id_bkn and holders.holder_id = never.holder_id
    where bkn_decided.person_id_bkn is null and bps_decided.holder_id is null and never.holder_id is null
),

before_nik as (
    select * from decided
    union all
    select * from exact_nip
),

bkn_left as (
    select
        bkn_people.person_id_bkn,
        bkn_people.nik
    from bkn_people
    left join before_nik on bkn_people.person_id_bkn = before_nik.person_id_bkn
    where before_nik.person_id_bkn is null and length(bkn_people.nik) = 16
),

bps_left as (
    select
        holders.holder_id,
        holders.nik
    from holders
    left join before_nik on holders.holder_id = before_nik.holder_id
    where before_nik.holder_id is null and length(holders.nik) = 16
),

-- Written down: few, where the planner would begin with everybody.
same_nik as materialized (
    select
        bkn_left.person_id_bkn,
        bps_left.holder_id,
        bkn_left.nik
    from bkn_left
    inner join bps_left on bkn_left.nik = bps_left.nik
    left join never on bkn_left.person_id_bkn = never.person_id_bkn and bps_left.holder_id = never.holder_id
    where never.holder_id is null
),

-- A NIK counts as a key only where one person on each side bears it.
exact_nik as (
    select
        same_nik.person_id_bkn,
        same_nik.holder_id,
        'exact_nik' as tier
    from same_nik
    inner join registry on registry.tier = 'exact_nik'
    left join bkn_people on same_nik.nik = bkn_people.nik and same_nik.person_id_bkn <> bkn_people.person_id_bkn
    left join holders on same_nik.nik = holders.nik and same_nik.holder_id <> holders.holder_id
    where bkn_people.person_id_bkn is null and holders.holder_id is null
),

tiers as (
    select * from before_nik
    union all
    select * from exact_nik
)

select
    person_id_bkn,
    holder_id,
    tier
from tiers
