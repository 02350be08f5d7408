"""Runs a command whose stop waits for tasks: what they report to must not go before them.

Compose stops everything that it replaces at once, and a task whose result nobody takes is lost. So the container
of the API server passes a stop on only when no task is about to report; ``stop_grace_period`` is its limit.

    python last.py COMMAND…
"""

import os
import signal
import subprocess
import sys
import time
from types import FrameType

import sqlalchemy as sa

SECONDS = 2.0
TASKS = """
SELECT count(*) FROM task_instance
WHERE state = 'running' AND coalesce(last_heartbeat_at, start_date) > now() - interval '2 minutes'
   OR state = 'queued' AND queued_dttm > now() - interval '2 minutes'
"""
"""Tasks that live; what a killed scheduler left behind has no heartbeat."""


def tasks(url: str) -> int:
    """Return how many tasks may still report; 0 when the database cannot say, since they could not either."""
    engine = sa.create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            return int(connection.execute(sa.text(TASKS)).scalar_one())
    except sa.exc.SQLAlchemyError as error:
        print(f"Tasks cannot be counted: {type(error).__name__}", flush=True)
        return 0
    finally:
        engine.dispose()


def main() -> int:
    """Run the command, and return its exit status."""
    child = subprocess.Popen(sys.argv[1:])

    def stop(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        while child.poll() is None and (left := tasks(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])):
            print(f"Waiting for {left} tasks to end before the API server does.", flush=True)
            time.sleep(SECONDS)
        child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
