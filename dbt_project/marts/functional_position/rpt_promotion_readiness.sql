{{ config(
    materialized='incremental',
    meta={'affected': {'asn': 'asn_key'}},
    pre_hook="{{ affect_tested() }}"
) }}

with asn as (
    select *
    from {{ ref('dim_asn') }}
    where {{ of_affected('asn', 'asn_key') }}
),

functional_positions as (
    select * from {{ ref('dim_functional_position') }}
),

history as (
    select *
    from {{ ref('fct_functional_position') }}
    where {{ of_affected('asn', 'asn_key') }}
),

credits as (
    select *
    from {{ ref('fct_credit') }}
    where {{ of_affected('asn', 'asn_key') }}
),

rules as (
    select * from {{ ref('jenjang_rules') }}
),

predicates as (
    select * from {{ ref('performance_predicates') }}
),

people as (
    select *
    from {{ ref('int_matching__people') }}
    where {{ of_affected('asn', 'asn_key') }}
),

competence_tests as (
    select * from {{ ref('stg_bps__competence_tests') }}
),

-- PPPK have no credit. 01 Aktif: who studies, is on leave or suspended is not promoted.
holders as (
    select
        asn.asn_key,
        asn.instansi_id,
        asn.jabatan_fungsional_id,
        functional_positions.jf_group,
        asn.jenjang,
        asn.jf_tmt,
        rules.next_jenjang,
        rules.yearly_credit,
        rules.credit_to_next_jenjang
    from asn
    inner join functional_positions on asn.jabatan_fungsional_id = functional_positions.jabatan_fungsional_id
    inner join rules on asn.jenjang = rules.jenjang
    where asn.employment_type = 'PNS' and asn.kedudukan_hukum_id = '01'
),

-- The present jenjang began with the first appointment to it after the last one to another.
other_jenjang as (
    select
        holders.asn_key,
        max(history.valid_from) as last_held_from
    from holders
    inner join history on holders.asn_key = history.asn_key and holders.jenjang <> history.jenjang
    group by holders.asn_key
),

jenjang_began as (
    select
        holders.asn_key,
        min(history.valid_from) as jenjang_since
    from holders
    inner join history on holders.asn_key = history.asn_key and holders.jenjang = history.jenjang
    left join other_jenjang on holders.asn_key = other_jenjang.asn_key
    where history.valid_from > coalesce(other_jenjang.last_held_from, '-infinity'::date)
    group by holders.asn_key
),

since as (
    select
        holders.asn_key,
        coalesce(jenjang_began.jenjang_since, holders.jf_tmt) as jenjang_since
    from holders
    left join jenjang_began on holders.asn_key = jenjang_began.asn_key
),

-- Only credit of the present jenjang counts towards the next one: what is assessed before it began does not.
earned as (
    select
        since.asn_key,
        sum(credits.credit_points) as credit_in_jenjang,
        max(credits.period_end) as assessed_until
    from since
    inner join credits on since.asn_key = credits.asn_key
    where credits.is_authoritative and credits.period_end >= since.jenjang_since
    group by since.asn_key
),

latest_predicate as (
    select distinct on (credits.asn_key)
        credits.asn_key,
        credits.predicate,
        predicates.is_good
    from credits
    left join predicates on credits.predicate = predicates.predicate
    where credits.is_authoritative and credits.predicate is not null
    order by credits.asn_key asc, credits.period_end desc, credits.credit_key asc
),

passed_tests as (
    select distinct
        people.asn_key,
        competence_tests.target_jenjang
    from competence_tests
    inner join people on competence_tests.holder_id = people.holder_id
    where competence_tests.result = 'passed' and competence_tests.test_date <= {{ as_of() }}
),

compared as (
    select
        holders.asn_key,
        holders.instansi_id,
        holders.jabatan_fungsional_id,
        holders.jf_group,
        holders.jenjang,
        holders.next_jenjang,
        latest_predicate.predicate as latest_predicate,
        coalesce(earned.credit_in_jenjang, 0) as credit_in_jenjang,
        holders.credit_to_next_jenjang as credit_needed,
        -- greatest() passes over a null, which would read as nothing missing.
        case
            when holders.credit_to_next_jenjang is not null
                then greatest(holders.credit_to_next_jenjang - coalesce(earned.credit_in_jenjang, 0), 0)
        end as credit_missing,
        holders.yearly_credit,
        coalesce(latest_predicate.is_good, false) as has_good_predicate,
        passed_tests.asn_key is not null as has_passed_test,
        since.jenjang_since,
        earned.assessed_until
    from holders
    inner join since on holders.asn_key = since.asn_key
    left join earned on holders.asn_key = earned.asn_key
    left join latest_predicate on holders.asn_key = latest_predicate.asn_key
    left join passed_tests
        on holders.asn_key = passed_tests.asn_key and holders.next_jenjang = passed_tests.target_jenjang
)

select
    asn_key,
    instansi_id,
    jabatan_fungsional_id,
    jf_group,
    jenjang,
    next_jenjang,
    case
        when next_jenjang is null then 'highest'
        when credit_missing > 0 then 'credit_missing'
        when not has_good_predicate then 'predicate_missing'
        when not has_passed_test then 'test_missing'
        else 'ready'
    end as readiness,
    latest_predicate,
    credit_in_jenjang::numeric(12, 3) as credit_in_jenjang,
    credit_needed::numeric(12, 3) as credit_needed,
    credit_missing::numeric(12, 3) as credit_missing,
    -- With the predicate Baik in each month to come.
    ceil(credit_missing * 12 / yearly_credit)::integer as months_missing,
    has_good_predicate,
    has_passed_test,
    jenjang_since,
    assessed_until
from compared
