with registry as (
    select * from {{ ref('attribute_registry') }}
)

select
    attribute,
    label_id,
    description,
    comparator,
    authority,
    -- PKS articles 3 (2) e and 4 (2) d: each party mends what the other one told it of.
    case authority when 'bkn' then 'bps' when 'bps' then 'bkn' else 'both' end as owner_party,
    severity,
    tolerance_days,
    tolerance_number::numeric(8, 3) as tolerance_number,
    tolerance_share::numeric(5, 4) as tolerance_share
from registry
