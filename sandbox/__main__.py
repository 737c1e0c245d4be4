"""``python -m sandbox build``: make the synthetic population of one day."""

from __future__ import annotations

import argparse
from pathlib import Path

from sandbox.world import DEFAULT_PEOPLE, DEFAULT_SEED, build


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write world.sqlite, portal_export/ and truth.json")
    command.add_argument(
        "--people", type=int, default=DEFAULT_PEOPLE, help="JF holders in BPS's list (default: %(default)s)"
    )
    command.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="the same seed gives the same bytes (default: %(default)s)"
    )
    when = command.add_mutually_exclusive_group()
    when.add_argument("--day", type=int, default=1, help="1 is the first day; differences come and go on later ones")
    when.add_argument("--month", type=int, help="play the year of monthly runs instead: 1 to 12")
    command.add_argument("--to", type=Path, required=True, help="directory to write to")
    arguments = parser.parse_args()
    try:
        year = arguments.month is not None
        run = arguments.month if year else arguments.day
        truth = build(arguments.to, arguments.people, arguments.seed, run, year=year)
    except ValueError as error:
        parser.error(str(error))
    people = truth["people"]
    played = f"{'month' if year else 'day'} {truth['day']}"
    print(f"{played} ({truth['as_of']}): {people['bps']} people at BPS, {people['bkn']} at BKN, "
          f"{len(truth['differences'])} planted differences")  # fmt: skip


if __name__ == "__main__":
    main()
