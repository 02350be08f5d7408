"""Shows broken databases in the UI, as an import error of this file; the other databases keep running."""

from parity.settings import settings
from parity.suite.database_files import load_databases

if errors := load_databases(settings().databases).errors:
    raise ImportError("Databases that cannot run until they are mended:\n" + "\n".join(map(str, errors)))
