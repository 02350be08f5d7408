"""What real engines answer: asked by ``make truth``, kept as JSON in this folder, replayed by ``make test``."""
