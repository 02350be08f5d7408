"""``make bench``: every benchmark of the project, one section after the other.

usage: python benchmarks/run.py [SECTION …]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SECTIONS = {
    "compare": ("files.py", "parity compare and its peers"),
    "digest": ("digest.py", "digest mode: bytes that the worker fetches"),
    "databases": ("mysql.py", "two MySQL servers"),
    "parse": ("parse.py", "Dag parsing, 50 suites of 20 activities"),
    "expectations": ("expectations.py", "Great Expectations over DuckDB"),
}


def main(wanted: list[str]) -> int:
    """Run the wanted sections (default: all that exist) and return the worst exit status."""
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        print(f"There is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    worst = 0
    for name, (script, title) in SECTIONS.items():
        if (HERE / script).exists() and (not wanted or name in wanted):
            print(f"\n== {title}", flush=True)
            worst = max(worst, subprocess.run([sys.executable, str(HERE / script)], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
