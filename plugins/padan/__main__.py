"""``python -m padan`` is the ``padan`` command."""

from padan.cli import main

main()
