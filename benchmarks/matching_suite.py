"""Suite ``matching``: FEBRL 4 next to Splink's documented model, and the sandbox's truth over all planted kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from benchmarks.contestant import run, run_module
from benchmarks.contestants import PEERS, peer_environment
from benchmarks.matching_accuracy import measure as measure_accuracy
from benchmarks.report import against, table
from benchmarks.suites import Bench, Result

TARGETS = {
    "all": {"f1": 0.9996},
    "one_to_one": {"precision": 1.0, "recall": 0.9998},
    "sandbox": {"precision": 0.999, "recall": 0.99},
}
_SEED = 20231204


def measure(bench: Bench) -> Result:
    """Accuracy on ``people`` of the sandbox's kind; with peers, FEBRL 4 too."""
    bench.progress("accuracy on the sandbox's truth")
    each = max(bench.options.people // 40, 20)
    found = measure_accuracy(_SEED, each, max(bench.options.people - 20 * each, 200))
    result: Result = {"targets": TARGETS, "sandbox": found.figures()}
    if bench.options.peers:
        result["febrl"] = _febrl(bench)
    return result


def _febrl(bench: Bench) -> dict[str, Any]:
    directory = bench.directory / "febrl"
    directory.mkdir(parents=True, exist_ok=True)
    job = {"directory": str(directory)}
    python = peer_environment(bench.directory, bench.progress, "febrl")
    bench.progress("FEBRL 4 by Splink's documented model")
    peer = run([python, PEERS / "febrl_splink.py"], job)
    bench.progress("FEBRL 4 by Padan's engine")
    figures = run_module("benchmarks.febrl", job)
    figures["splink"] |= {"seconds": peer["seconds"]}
    return json.loads(json.dumps(figures))  # type: ignore[no-any-return]


def tables(result: Result) -> Iterator[Table]:
    """By planted kind, then FEBRL 4 side by side."""
    sandbox, targets = result["sandbox"], result["targets"]
    made = table(f"The sandbox's truth, {sandbox['true']:,} pairs", "planted", "true", "found", "recall")
    for kind, (true, right) in sandbox["kinds"].items():
        made.add_row(kind, f"{true:,}", f"{right:,}", f"{right / true:.4f}")
    yield made
    made = table(f"All kinds; {sandbox['review']} pairs left to a person", "", "", "target", "")
    for name in ("precision", "recall"):
        made.add_row(name, f"{sandbox[name]:.5f}", *against(sandbox[name], targets["sandbox"][name]))
    yield made
    if "febrl" in result:
        yield _febrl_table(result["febrl"], targets)


def _febrl_table(febrl: dict[str, Any], targets: dict[str, dict[str, float]]) -> Table:
    made = table(f"FEBRL 4, {febrl['true_pairs']:,} true pairs", "", "Padan", "Splink, documented model", "target", "")
    for kind, label in (("all", "all pairs from 0.2 on"), ("one_to_one", "one-to-one")):
        for name in ("precision", "recall", "f1"):
            ours, theirs = febrl["padan"][kind][name], febrl["splink"][kind][name]
            made.add_row(f"{label}: {name}", f"{ours:.5f}", f"{theirs:.5f}", *against(ours, targets[kind].get(name)))
        for name in ("wrong", "missed"):
            made.add_row(f"{label}: {name}", str(febrl["padan"][kind][name]), str(febrl["splink"][kind][name]), "", "")
    made.add_row("seconds", f"{febrl['padan']['seconds']:.1f}", f"{febrl['splink']['seconds']:.1f}", "", "")
    return made
