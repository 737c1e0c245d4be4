r"""Names and places made comparable, as macros of DuckDB: without degrees and titles, in one spelling.

``plain_name('Drs. H. Moh. Soeharto, M.Si.')`` is ``muhamad suharto``. Spelling is brought to that of the reform of 1972
(EYD), beside which the older one survives in names; registrars' habits (doubled letters, y for i) are folded too.
"""

from __future__ import annotations

import duckdb

# In front of a name: academic, religious and noble. Repeated, and never the whole name.
_TITLES = "prof|drs|dra|drg|drh|dr|ir|hjh|hj|haji|hajah|h|kh|apt|ners|ns|raden|rd"
# Behind a name without a comma before it: with their points, or such as no name looks like.
_DEGREES = (
    r"(s\.\s?(si|e|h|t|p|a|s|ag|ip|pd|pdi|sos|kom|ikom|stat|mat|kep|ked|km|psi|hum|farm|ap|pi|pt|st|gz|ars|sn|tr\.?[a-z]*)"
    r"|m\.\s?(si|m|t|a|h|e|p|ec|ti|ak|ap|ag|pd|sc|sn|ds|kom|ikom|stat|mat|sos|kes|kep|hum|eng|psi|farm|b\.?a)"
    r"|a\.\s?md(\.\s?[a-z]+)?|ph\.\s?d|b\.\s?(sc|st|a)|ssi|skom|ssos|sstat|spd|sst|msi|mkom|mstat|msc|phd|amd)\.?"
)
_MUHAMMAD = "mo[hc]h?a?m?mm?[ae]?d?|mu[hc]h?a?m?mm?[ae]?d?|mohd|muhd|moh|moch|muh|much"
# Each pair in turn; letters doubled last.
_SPELLING = (
    ("oe", "u"), ("dj", "j"), ("tj", "c"), ("sj", "sy"), ("nj", "ny"), ("chr", "kr"), ("kh", "h"), ("ie ", "i "),
    *((letter * 2, letter) for letter in "aeioubcdfghklmnprstyz"),
)  # fmt: skip


def _plain_name() -> str:
    text = "lower(strip_accents(split_part(name, ',', 1)))"
    text = rf"regexp_replace({text}, '(\s+{_DEGREES})+\s*$', '')"
    text = rf"trim(regexp_replace({text}, '[^a-z]+', ' ', 'g'))"
    text = rf"regexp_replace({text}, '^(({_TITLES}) )+([a-z])', '\3')"
    text = rf"regexp_replace({text}, '(^| )({_MUHAMMAD})( |$)', '\1muhamad\3')"
    text = rf"regexp_replace({text} || ' ', '([b-df-hj-np-tv-z])y ', '\1i ', 'g')"
    # Inside a word, old ch is h (Achmad); in front it may be c (Chandra).
    text = rf"regexp_replace({text}, '([a-z])ch', '\1h', 'g')"
    for old, new in _SPELLING:
        text = f"replace({text}, '{old}', '{new}')"
    return f"nullif(trim({text}), '')"


def _rough_name() -> str:
    """Some of its consonants: none that spellings exchange. Two with the same plain name are alike here too."""
    text = rf"regexp_replace(lower(split_part(name, ',', 1)), '^\s*(({_TITLES})[. ]+)+', '')"
    text = rf"regexp_replace({text}, '(^| )({_MUHAMMAD})[. ]+', 'm ')"
    text = f"replace(replace(replace({text}, 'tj', ''), 'sj', 's'), 'nj', 'n')"
    text = f"translate({text}, 'jaeiouhyck .''-', 'd')"
    for letter in "nstldmrzbfgp":
        text = f"replace({text}, '{letter * 2}', '{letter}')"
    return text


def _rough_initial() -> str:
    """The first letter; those that spellings exchange (dj/j, tj/c, oe/u, ch/k/h) as one."""
    text = rf"regexp_replace(lower(name), '^\s*(({_TITLES})[. ]+)+', '')"
    return f"translate(left({text}, 1), 'jckho', 'dtttu')"


_ROUGH_PLACE = r"""
    translate(regexp_replace(lower(place), '^\s*(kab(upaten)?|kota(madya)?)[. ]+', ''), ' .-/()''', '')
"""
MACROS = (
    f"create or replace macro rough_name(name) as {_rough_name()}",
    f"create or replace macro rough_initial(name) as {_rough_initial()}",
    f"create or replace macro rough_place(place) as {_ROUGH_PLACE}",
    f"create or replace macro plain_name(name) as {_plain_name()}",
    "create or replace macro plain_place(place) as nullif(regexp_replace(regexp_replace(lower(strip_accents(place)), "
    r"'^\s*(kab(upaten)?|kota(madya)?)[. ]+', ''), '[^a-z0-9]', '', 'g'), '')",
    """
    create or replace macro word_pairs(one, other) as
        list_zip(string_split(one, ' '), string_split(other, ' '))
    """,
    # One name but for words cut to their initial: "m rizki h" and "muhamad rizki hakim"; one word must be whole.
    """
    create or replace macro initials_agree(one, other) as
        len(string_split(one, ' ')) > 1 and len(string_split(one, ' ')) = len(string_split(other, ' '))
        and list_bool_or(list_transform(word_pairs(one, other), lambda w: w[1] = w[2] and length(w[1]) > 1))
        and list_bool_and(list_transform(word_pairs(one, other), lambda w:
            w[1] = w[2] or (least(length(w[1]), length(w[2])) = 1 and left(w[1], 1) = left(w[2], 1))))
    """,
)


def install(bench: duckdb.DuckDBPyConnection) -> None:
    """Make the macros ``plain_name``, ``plain_place``, ``initials_agree`` and the rough ones known to ``bench``."""
    for macro in MACROS:
        bench.execute(macro)
