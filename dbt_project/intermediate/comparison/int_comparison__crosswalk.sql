with reference_codes as (
    select * from {{ ref('stg_bps__reference_codes') }}
)

select
    code_type,
    code as bps_code,
    bkn_code,
    code_name
from reference_codes
where
    bkn_code is not null
    and (valid_from is null or valid_from <= {{ as_of() }})
    and (valid_to is null or valid_to >= {{ as_of() }})
