"""One database on both clouds, verified table by table over PyMySQL by one and the same code.

::

    job = Job(spec, Connections(address(legacy), address(target)), MemoryProgress(), folder, SystemClock())
    result = verify_database(job)
"""
