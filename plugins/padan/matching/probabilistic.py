"""The tier ``probabilistic``: what agrees and what does not, weighed together, over those whom no NIP settles."""

from __future__ import annotations

import duckdb

from padan.matching import engine
from padan.matching.engine import Model, Plan, Weighing, comparison, level, same
from padan.matching.registry import Tier

MARGIN = 5.0  # bits: another partner must be 32 times less likely, or a person decides
# Both sides, with what the comparisons look at: views, for a copy of hundreds of thousands fills the memory.
# In a NIP the digits behind the birth date are the start of the career.
_SIDES = """
    create or replace view {target} as
    select
        unique_id, settled, name, birth_date::varchar as birth_date, year(birth_date) as birth_year, sex, birth_place,
        instansi, jf, case when length(nip) = 18 then substr(nip, 9, 6) end as career_start,
        case when length(nik) = 16 then nik end as nik, left(name, 1) as initial
    from {source}
"""


# The priors (m: share among true pairs, u: among chance pairs) are those of a synthetic population, with more doubt;
# they count where too few people are there to train on.
_NEARLY = "jaro_winkler_similarity({0}_l, {0}_r) >= {1}"
_ONE_WORD_LESS = (
    "least(len(string_split(name_l, ' ')), len(string_split(name_r, ' '))) >= 2 and ("
    "list_has_all(string_split(name_l, ' '), string_split(name_r, ' ')) "
    "or list_has_all(string_split(name_r, ' '), string_split(name_l, ' ')))"
)
PLAN = Plan(
    comparisons=(
        comparison(
            "name",
            same("name", 0.9, 0.0012),
            level("initials", "initials_agree(name_l, name_r)", 0.03, 0.0002),
            level("similar", f"{_NEARLY.format('name', 0.92)} or ({_ONE_WORD_LESS})", 0.05, 0.003),
            level("alike", _NEARLY.format("name", 0.84), 0.01, 0.008),
            level("differs", "else", 0.01, 0.9876),
        ),
        comparison(
            "birth_date",
            same("birth_date", 0.95, 0.0001, rare=False),
            level(
                "close",
                "damerau_levenshtein(birth_date_l, birth_date_r) <= 1 "
                "or birth_date_r = left(birth_date_l, 5) || right(birth_date_l, 2) || '-' "
                "|| substr(birth_date_l, 6, 2) "
                "or abs(date_diff('day', birth_date_l::date, birth_date_r::date)) <= 10",
                0.04,
                0.002,
            ),
            level("differs", "else", 0.01, 0.9979),
        ),
        comparison("sex", same("sex", 0.99, 0.5, rare=False), level("differs", "else", 0.01, 0.5)),
        comparison(
            "birth_place",
            same("birth_place", 0.94, 0.015),
            level("similar", _NEARLY.format("birth_place", 0.88), 0.03, 0.005),
            level("differs", "else", 0.03, 0.98),
        ),
        comparison("instansi", same("instansi", 0.96, 0.4), level("differs", "else", 0.04, 0.6)),
        comparison("jf", same("jf", 0.95, 0.12), level("differs", "else", 0.05, 0.88)),
        comparison(
            "career_start",
            same("career_start", 0.93, 0.01),
            level("same_year", "left(career_start_l, 4) = left(career_start_r, 4)", 0.02, 0.03),
            level("differs", "else", 0.05, 0.96),
        ),
        # The first six digits are the place of first registration.
        comparison(
            "nik",
            level("close", "damerau_levenshtein(nik_l, nik_r) <= 2", 0.6, 0.000001),
            level("same_region", "left(nik_l, 6) = left(nik_r, 6)", 0.35, 0.002),
            level("differs", "else", 0.05, 0.997999),
        ),
    ),
    # Two of whom keys settled both are no question.
    blocking=tuple(
        f"{' and '.join(f'l.{column} = r.{column}' for column in columns)} and not (l.settled and r.settled)"
        for columns in (
            ("birth_date", "initial"),
            ("birth_date", "birth_place"),
            ("name", "birth_year"),
            ("name", "birth_place"),
        )
    ),
    training=(("birth_date",), ("name", "birth_year")),
)
_POPULATION = ("typical_bkn", "typical_bps")
_KEYS = (("birth_date", "initial"), ("birth_date", "birth_place"), ("name", "birth_year"), ("name", "birth_place"))


def find(bench: duckdb.DuckDBPyConnection, tier: Tier, everybody: int = 0) -> Weighing:
    """Add the tier's pairs to ``found``, uncertain ones and suspected duplicates to ``doubtful``."""
    prepare(bench)
    model = engine.train(bench, PLAN, *learners(bench), everybody, population=_POPULATION)
    weighing = weigh(bench, model, tier)
    engine.assign(bench, float(tier.accept_score), MARGIN)
    # Who is matched already counts as a rival above, and gets no second partner: that would be a duplicate.
    bench.execute(
        "delete from assigned where left_id in (select unique_id from all_bkn where settled) "
        "or right_id in (select unique_id from all_bps where settled)"
    )
    evidence = engine.words(model.settings)
    pair = f"left_id, right_id, 'probabilistic', score, {evidence}"
    bench.execute(f"insert into found select {pair} from weighed semi join assigned using (left_id, right_id)")
    bench.execute(
        f"""
        insert into doubtful
        with doubts as (
            select
                weighed.*,
                left_id in (select unique_id from all_bkn where settled)
                or right_id in (select unique_id from all_bps where settled) as settled
            from weighed
            where left_id not in (select left_id from assigned) and right_id not in (select right_id from assigned)
        )
        select
            {pair},
            case
                when settled then 'suspected_duplicate' when score >= $accept then 'fits_several' else 'uncertain'
            end
        from doubts
        where (score >= $accept or not settled)
            and (left_id, right_id) not in (select (person_id_bkn, holder_id) from doubtful)
        """,
        {"accept": float(tier.accept_score)},
    )
    return weighing


def prepare(bench: duckdb.DuckDBPyConnection) -> None:
    """Make ``all_bkn`` and ``all_bps``, in which whom the tiers before found counts as settled, and ``typical_*``."""
    for side, key in (("bkn", "person_id_bkn"), ("bps", "holder_id")):
        bench.execute(f"update {side} set settled = true where unique_id in (select {key} from found)")
        bench.execute(_SIDES.format(target=f"all_{side}", source=side))
        if bench.execute(f"from duckdb_tables() where table_name = 'sample_{side}'").fetchone():
            bench.execute(_SIDES.format(target=f"typical_{side}", source=f"sample_{side}"))
        else:
            bench.execute(f"create or replace view typical_{side} as from all_{side}")


def learners(bench: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """The tables with true pairs to learn from: of everybody, or of those near whom nobody settled where few are."""
    row = bench.execute("select count(*) from typical_bkn where settled").fetchone()
    return _POPULATION if row and row[0] >= PLAN.fewest else ("all_bkn", "all_bps")


def weigh(bench: duckdb.DuckDBPyConnection, model: Model, tier: Tier) -> Weighing:
    """Make ``weighed``, of those only who share a key with somebody of the other side."""
    for side, other in (("bkn", "bps"), ("bps", "bkn")):
        near = " or ".join(
            f"({', '.join(columns)}) in (select ({', '.join(columns)}) from all_{other})" for columns in _KEYS
        )
        bench.execute(f"create or replace view near_{side} as select * from all_{side} where {near}")
    weighing = engine.weigh(bench, model, "near_bkn", "near_bps", float(tier.review_score), population=_POPULATION)
    bench.execute("delete from weighed where (left_id, right_id) in (select (person_id_bkn, holder_id) from never)")
    # Whatever else agrees, two who are called differently are one only if a person says so.
    bench.execute(
        "update weighed set score = least(score, $below) where gamma_name = 0",
        {"below": float(tier.accept_score) - 0.000001},
    )
    return weighing
