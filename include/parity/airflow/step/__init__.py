"""A step on a worker: how it fails, what it hands on, and where people read what it found."""
