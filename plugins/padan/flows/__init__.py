"""The steps of the pipeline: one plain function each, called alike by Airflow's tasks and by the command line."""

from padan.flows.pipeline import PIPELINE, Step, Workflow, find_step, run, told

__all__ = ["PIPELINE", "Step", "Workflow", "find_step", "run", "told"]
