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

-- A NIK counts as a key only where one person on each side bears it.
bkn_niks as (
    select
        nik,
        min(person_id_bkn) as person_id_bkn
    from bkn_people
    where length(nik) = 16
    group by nik
    having count(*) = 1
),

bps_niks as (
    select
        nik,
        min(holder_id) as holder_id
    from holders
    where length(nik) = 16
    group by nik
    having count(*) = 1
),

before_nik as (
    select * from decided
    union all
    select * from exact_nip
),

exact_nik as (
    select
        bkn_niks.person_id_bkn,
        bps_niks.holder_id,
        'exact_nik' as tier
    from bkn_niks
    inner join bps_niks on bkn_niks.nik = bps_niks.nik
    inner join registry on registry.tier = 'exact_nik'
    left join before_nik as bkn_taken on bkn_niks.person_id_bkn = bkn_taken.person_id_bkn
    left join before_nik as bps_taken on bps_niks.holder_id = bps_taken.holder_id
    left join never on bkn_niks.person_id_bkn = never.person_id_bkn and bps_niks.holder_id = never.holder_id
    where bkn_taken.person_id_bkn is null and bps_taken.holder_id is null and never.holder_id is null
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
