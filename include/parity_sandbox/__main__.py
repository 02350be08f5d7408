"""``python -m parity_sandbox``."""

from parity_sandbox.cli import main

main()
