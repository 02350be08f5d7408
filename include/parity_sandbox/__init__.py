"""Both clouds on one machine: real wire protocols, real execution. Never imported by the product."""
