"""One database on both clouds, verified table by table over PyMySQL.

::

    job = Job(spec, Connections(address(legacy), address(target)), MemoryCheckpoints(), folder, SystemClock())
    result = verify_database(job)
"""
