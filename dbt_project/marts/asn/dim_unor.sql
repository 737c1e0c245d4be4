with units as (
    select * from {{ ref('stg_bkn__units') }}
)

select
    unor_id,
    instansi_id,
    parent_unor_id,
    main_unor_id,
    eselon_id,
    unor_name,
    head_position_name
from units
