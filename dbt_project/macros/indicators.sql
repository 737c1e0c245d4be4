{% macro assessed_indicators() -%}
    {#-
        BKN's data-quality indicators that the agreed items allow to assess: an indicator is one line here and one row of the seed
        data_quality_indicators. Whether it applies to a person (int_indicators__inputs), and whether the record fails it.
    -#}
    {%- set pns = "(employment_type = 'PNS')" -%}
    {%- set pppk = "(employment_type = 'PPPK')" -%}
    {%- set indicators = {
        'COM_2': ('true', 'jabatan_fungsional_id is null'),
        'COM_3': ('true', 'education_level_id is null and not has_education_history'),
        'COM_4': (pns ~ ' and not is_cpns', 'pns_tmt is null'),
        'COM_5': ("education_level_id >= '30'", 'title_front is null and title_back is null'),
        'TIM_1': ('unor_id is not null', 'not is_unit_listed'),
        'TIM_3': ('is_cpns and cpns_tmt is not null', "cpns_tmt + interval '1 year' < " ~ as_of()),
        'TIM_5': ("kedudukan_hukum_id in ('01', '71') and retires_on is not null", 'retires_on <= ' ~ as_of()),
        'ACC_1': ('cpns_tmt is not null and pns_tmt is not null', 'cpns_tmt > pns_tmt'),
        'ACC_2': (
            'kedudukan_hukum is not null and instansi_induk_id is not null and instansi_id is not null',
            'is_seconded <> (instansi_induk_id <> instansi_id)'
        ),
        'ACC_4': (pppk ~ ' and kedudukan_hukum is not null', "kedudukan_hukum not like '%PPPK%'"),
        'ACC_5': ('true', "coalesce(nik !~ '^[0-9]{16}$', true) or not coalesce(is_nik_confirmed, false)"),
        'ACC_7': (
            pppk ~ ' and is_nip_whole',
            "substr(nip, 9, 4)::integer not between 2019 and extract(year from " ~ as_of() ~ ")"
        ),
        'ACC_8': (
            'education_level_id is not null and lowest_education_level_id is not null',
            'education_level_id < lowest_education_level_id'
        ),
        'CON_1': (pns ~ ' and is_nip_whole and cpns_tmt is not null', "substr(nip, 9, 6) <> to_char(cpns_tmt, 'YYYYMM')"),
        'CON_2': ('is_nip_whole and birth_date is not null', "substr(nip, 1, 8) <> to_char(birth_date, 'YYYYMMDD')"),
        'CON_3': ('is_nip_whole and sex is not null', "substr(nip, 15, 1) <> case sex when 'L' then '1' else '2' end"),
        'CON_4': (
            pppk ~ ' and is_nip_whole and cpns_tmt is not null',
            'substr(nip, 9, 4)::integer <> extract(year from cpns_tmt)'
        ),
    } -%}
    {%- do return(indicators) -%}
{%- endmacro %}

{% macro indicators_turn_on() -%}
    {#- Indicators that go by the logical date: the day from which the same record may read otherwise. -#}
    {%- do return({
        'TIM_3': "(cpns_tmt + interval '1 year')::date + 1",
        'TIM_5': 'retires_on',
        'ACC_7': "case when substr(nip, 9, 4) >= '2019' then make_date(substr(nip, 9, 4)::integer, 1, 1) end",
    }) -%}
{%- endmacro %}
