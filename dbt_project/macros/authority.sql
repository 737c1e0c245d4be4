{% macro by_authority(column) -%}
    {#-
        The value of a person known to one or both (bkn_people, bps_people of int_comparison): from the attribute's authority
        first (attribute_registry), from the other agency where that one has none.
    -#}
    {%- set values = {
        'instansi_id': ('bkn_people.instansi_id', 'bps_people.instansi_id'),
        'jabatan_fungsional_id': ('bps_people.jabatan_fungsional_id', 'bkn_people.jabatan_fungsional'),
        'kedudukan_hukum_id': ('bkn_people.employment_status', 'bps_people.kedudukan_hukum_id'),
        'education_level_id': ('bkn_people.education_level', 'bps_people.education_level_id'),
        'jenjang': ('bps_people.jenjang', 'bkn_people.jenjang'),
        'credit_total': ('bps_people.credit_total', 'bkn_people.credit_total'),
    } -%}
    coalesce({{ (values[column] or ('bkn_people.' ~ column, 'bps_people.' ~ column)) | join(', ') }})
{%- endmacro %}
