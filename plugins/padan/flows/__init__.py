"""The steps of the pipeline: one plain function each, called alike by Airflow's tasks and by the command line."""

from padan.flows.pipeline import MAINTENANCE, PIPELINE, WATCH, Step, Workflow, find_step, run, told

__all__ = ["MAINTENANCE", "PIPELINE", "WATCH", "Step", "Workflow", "find_step", "run", "told"]
