"""A table you can ask: a dialect and a client together, answering with facts and never with an opinion."""
