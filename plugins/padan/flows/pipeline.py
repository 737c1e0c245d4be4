"""Which steps there are, in which order, and what each is for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from padan.agreement.clauses import Action
from padan.errors import ConfigurationError, PadanError, SourceUnavailable, UnexpectedFailure
from padan.redaction import account

StepFunction = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One step: its name, what it does, and the function ``module:function`` that does it.

    The function is imported when it runs, so that listing steps (a DAG file, ``--help``) stays cheap.
    """

    name: str
    summary: str
    target: str
    action: Action | None = None  # what the agreement is asked for before the step runs; None: nothing

    def function(self) -> StepFunction:
        """The function itself; it takes the logical date and returns counts without personal values."""
        module, _, attribute = self.target.partition(":")
        return cast(StepFunction, getattr(importlib.import_module(f"padan.flows.{module}"), attribute))


@dataclass(frozen=True)
class Workflow:
    """Steps that run in order and share a fate; a DAG of the same name runs them under Airflow."""

    name: str
    summary: str
    steps: tuple[Step, ...]
    essential: bool = True  # False: the pipeline goes on without it, with what was published before


PIPELINE: tuple[Workflow, ...] = (
    Workflow(
        "extract_bps",
        "functional-position data from BPS",
        (
            Step("open_bps", "open or continue the extract of BPS", "extraction:open_bps", "extract"),
            Step("land_bps_lists", "fetch and land BPS's lists, only what changed where the source can tell",
                 "extraction:land_bps_lists", "extract"),
            Step("publish_bps", "check the counts and publish BPS's lists to raw", "extraction:publish_bps", "publish"),
        ),
        essential=False,
    ),
    Workflow(
        "extract_bkn",
        "civil-service data from BKN",
        (
            Step("open_bkn", "open or continue the extract of BKN", "extraction:open_bkn", "extract"),
            Step("land_bkn_reference", "fetch and land BKN's reference codes", "extraction:land_bkn_reference",
                 "extract"),
            Step("land_bkn_roster", "land the portal export: whom BKN knows", "extraction:land_bkn_roster", "extract"),
            Step("land_bkn_people", "fetch and land SIASN person by person", "extraction:land_bkn_people", "extract"),
            Step("publish_bkn", "check the counts and publish BKN's data to raw", "extraction:publish_bkn", "publish"),
        ),
        essential=False,
    ),
    Workflow(
        "build_warehouse",
        "typed and checked staging tables with history",
        (
            Step("check_freshness", "how old each agency's data is", "warehouse:check_freshness"),
            Step("check_raw", "expectations on what was landed", "warehouse:check_raw"),
            Step("build_staging", "type and clean both sides", "warehouse:build_staging"),
            Step("check_staging", "expectations on staging", "warehouse:check_staging"),
            Step("take_snapshots", "keep the history of both sides", "warehouse:take_snapshots"),
        ),
    ),
    Workflow(
        "reconcile",
        "matching, comparison, marts",
        (
            Step("link_people", "match people, in tiers", "matching:link_people"),
            Step("integrate", "compare attributes", "warehouse:integrate"),
            Step("check_comparison", "expectations that flag differences", "warehouse:check_comparison"),
            Step("build_marts", "build the public marts", "warehouse:build_marts", "publish"),
            Step("update_ledger", "open, close and escalate the ledger's cases", "ledger:update_ledger", "publish"),
            Step("check_marts", "expectations on the marts", "warehouse:check_marts"),
            Step("write_docs", "write the documentation of models and data", "warehouse:write_docs"),
        ),
    ),
    Workflow(
        "notify_liaison",
        "digests to the liaison units",
        (Step("notify_liaison", "mail what is new to each liaison unit", "notification:notify_liaison", "alert"),),
    ),
)  # fmt: skip
# Twice a year, apart from the nightly pipeline; the DAG semester_minutes puts a person's approval between them.
PAPERS = (
    Step("draft_minutes", "close the semester and draft its papers", "minutes:draft_minutes"),
    Step("approve_minutes", "record that a person approved the draft", "minutes:approve_minutes"),
    Step("publish_minutes", "number and publish the approved papers", "minutes:publish_minutes", "publish"),
    Step("mail_minutes", "tell both liaison units of the papers", "minutes:mail_minutes", "alert"),
    Step("record_minutes_evidence", "record that the duty was met", "minutes:record_minutes_evidence"),
    Step("verify_minutes", "make the papers again and compare", "minutes:verify_minutes"),
    Step("reject_minutes", "return the papers to draft with a reason", "minutes:reject_minutes"),
)
# Daily, apart from the nightly pipeline: the DAG remind_obligations.
DUTIES = (
    Step("review_obligations", "see what is owed, what shows that it was done, what is late",
         "obligations:review_obligations"),
    Step("publish_obligations", "build the mart of the obligations", "obligations:publish_obligations", "publish"),
    Step("remind_obligations", "remind the unit concerned, once per duty and due date",
         "obligations:remind_obligations", "alert"),
)  # fmt: skip
# By a timetable of its own, apart from what it watches; the DAG is watch.
WATCH = Workflow(
    "watch",
    "what should have happened and did not",
    (
        Step("send_waiting", "send the mails that waited for working hours", "notification:send_waiting", "alert"),
        Step("watch", "tell the operators of missed runs, jumps and stuck mails", "notification:watch"),
    ),
)
# Apart from the pipeline, and after the agreement's end as well: the agreement itself asks for it.
MAINTENANCE: tuple[Workflow, ...] = (
    Workflow(
        "maintain_retention",
        "what may be kept no longer",
        (Step("maintain_retention", "delete what is past its term of retention", "retention:maintain_retention"),),
    ),
)
_HELPERS = (
    Step("extraction_outcome", "whether a party's data is current", "extraction:extraction_outcome", "extract"),
)


def find_step(name: str) -> Step:
    """The step called ``name``.

    Raises:
        ConfigurationError: if there is none.
    """
    of_workflows = (step for workflow in (*PIPELINE, WATCH, *MAINTENANCE) for step in workflow.steps)
    for step in (*of_workflows, *PAPERS, *DUTIES, *_HELPERS):
        if step.name == name:
            return step
    raise ConfigurationError(f"there is no step {name!r}")


def told(error: Exception, doing: str) -> PadanError:
    """An error of others as one that may be read by anybody."""
    import psycopg

    text = f"{doing} broke off: {account(error)}"
    again = isinstance(error, psycopg.OperationalError | OSError)
    return SourceUnavailable(text) if again else UnexpectedFailure(text)


def run(name: str, as_of: date, **arguments: Any) -> dict[str, Any]:
    """Run the step ``name`` for the logical date ``as_of`` and return its counts.

    Raises:
        AgreementNotInForce: the agreement does not permit it on that day; nothing was done but telling so.
        PadanError: whatever the step raises; an error of others comes as SourceUnavailable or UnexpectedFailure, told
            by its kind and place: a database's text quotes keys, a traceback ends in a log.
    """
    step = find_step(name)
    failure: PadanError
    try:
        if step.action:
            from padan.flows.permission import ask

            ask(as_of, step.action)
        return step.function()(as_of, **arguments)
    except PadanError:
        raise
    except Exception as error:
        failure = told(error, name)
    raise failure  # out here, so that the error which holds a value does not hang on it
