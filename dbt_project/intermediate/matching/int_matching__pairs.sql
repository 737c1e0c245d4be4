with bkn_people as (
    select * from {{ ref('stg_bkn__people') }}
),

holders as (
    select * from {{ ref('stg_bps__holders') }}
),

exact_nip as (
    select
        bkn_people.person_id_bkn,
        holders.holder_id,
        'exact_nip' as tier
    from bkn_people
    inner join holders on bkn_people.nip = holders.nip_bps
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

exact_nik as (
    select
        bkn_niks.person_id_bkn,
        bps_niks.holder_id,
        'exact_nik' as tier
    from bkn_niks
    inner join bps_niks on bkn_niks.nik = bps_niks.nik
    left join exact_nip as bkn_taken on bkn_niks.person_id_bkn = bkn_taken.person_id_bkn
    left join exact_nip as bps_taken on bps_niks.holder_id = bps_taken.holder_id
    where bkn_taken.person_id_bkn is null and bps_taken.holder_id is null
),

-- A further tier is one more branch, over what the branches before it left.
tiers as (
    select * from exact_nip
    union all
    select * from exact_nik
)

select
    md5({{ person_pair_text() }}) as pair_key,
    person_id_bkn,
    holder_id,
    tier
from tiers
