"""From files to two relations: which files, how they are read, and that nothing of them is lost."""
