{#- BKN's lists, each as (list, columns of code, name, broader code and status). SIASN has no list of jenjang: what its
functional positions bear. -#}
{% set lists = {
    'instansi': ('instansi', 'instansi_id', 'instansi_name', 'jenis_instansi_id', 'status'),
    'jabatan_fungsional':
        ('functional_positions', 'jabatan_fungsional_id', 'jabatan_fungsional_name', 'kel_jabatan_id', 'status'),
    'kel_jabatan': ('functional_position_groups', 'kel_jabatan_id', 'group_name', 'fostering_instansi_id', 'status'),
    'jenjang': ('functional_positions', 'jenjang', 'jenjang', 'null', 'null'),
    'golongan': ('golongan', 'golongan_id', 'golongan', 'null', 'null'),
    'kedudukan_hukum': ('kedudukan_hukum', 'kedudukan_hukum_id', 'kedudukan_hukum', 'null', 'null'),
    'tingkat_pendidikan': ('education_levels', 'education_level_id', 'education_level', 'null', 'null'),
    'pendidikan': ('education_programmes', 'education_id', 'education_name', 'education_level_id', 'status'),
    'jenis_jabatan': ('position_kinds', 'jenis_jabatan_id', 'jenis_jabatan', 'null', 'null'),
    'satuan_kerja': ('satuan_kerja', 'satuan_kerja_id', 'satuan_kerja_name', 'instansi_id', 'null'),
} %}

with instansi as (
    select * from {{ ref('stg_bkn__instansi') }}
),

functional_positions as (
    select * from {{ ref('stg_bkn__functional_positions') }}
),

functional_position_groups as (
    select * from {{ ref('stg_bkn__functional_position_groups') }}
),

golongan as (
    select * from {{ ref('stg_bkn__golongan') }}
),

kedudukan_hukum as (
    select * from {{ ref('stg_bkn__kedudukan_hukum') }}
),

education_levels as (
    select * from {{ ref('stg_bkn__education_levels') }}
),

education_programmes as (
    select * from {{ ref('stg_bkn__education_programmes') }}
),

position_kinds as (
    select * from {{ ref('stg_bkn__position_kinds') }}
),

satuan_kerja as (
    select * from {{ ref('stg_bkn__satuan_kerja') }}
),

bps_codes as (
    select * from {{ ref('stg_bps__reference_codes') }}
),

listed as (
    {% for list_name, (relation, code, code_name, belongs_to, status) in lists.items() %}
        select distinct
            'bkn' as agency,
            '{{ list_name }}' as list_name,
            {{ code }} as code,
            {{ code_name }} as code_name,
            {{ belongs_to }}::text as belongs_to,
            null as mapped_code,
            {{ status }}::text as status
        from {{ relation }}
        union all
    {% endfor %}
    select
        'bps' as agency,
        code_type as list_name,
        code,
        code_name,
        null as belongs_to,
        bkn_code as mapped_code,
        null as status
    from bps_codes
    where
        (valid_from is null or valid_from <= {{ as_of() }})
        and (valid_to is null or valid_to >= {{ as_of() }})
),

codes as (
    select
        agency,
        list_name,
        code,
        coalesce(code_name, code) as code_name,
        belongs_to,
        mapped_code,
        status
    from listed
    where code is not null
),

words as (
    select
        codes.agency,
        codes.list_name,
        codes.code,
        named.word,
        named.place
    from codes
    cross join
        lateral regexp_split_to_table(lower(codes.code_name), '[^[:alnum:]]+')
        with ordinality as named (word, place)
    where named.word <> ''
),

-- "Kementerian" or "Kabupaten" makes no two names alike.
generic_words as (
    select
        agency,
        list_name,
        word
    from words
    group by agency, list_name, word
    having count(distinct code) > {{ var('reference_generic_word_codes') }}
),

distinctive_names as (
    select
        words.agency,
        words.list_name,
        words.code,
        string_agg(words.word, ' ' order by words.place) as distinctive_name
    from words
    left join generic_words
        on
            words.agency = generic_words.agency
            and words.list_name = generic_words.list_name
            and words.word = generic_words.word
    where generic_words.word is null
    group by words.agency, words.list_name, words.code
)

select
    codes.agency || '|' || codes.list_name || '|' || codes.code as code_key,
    codes.agency,
    codes.list_name,
    codes.code,
    codes.code_name,
    coalesce(distinctive_names.distinctive_name, lower(codes.code_name)) as distinctive_name,
    codes.belongs_to,
    codes.mapped_code,
    codes.status,
    md5(row(codes.code_name, codes.belongs_to, codes.mapped_code, codes.status)::text) as row_hash
from codes
left join distinctive_names
    on
        codes.agency = distinctive_names.agency
        and codes.list_name = distinctive_names.list_name
        and codes.code = distinctive_names.code
