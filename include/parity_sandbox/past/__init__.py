"""The demo's past: sixty dates before its own, compared and judged by the product's own code, without any cloud.

``jobs.yaml`` makes both sides' outputs from the world's raw data, ``story.yaml`` says what was wrong when.
Each run's id begins as :data:`parity.history.records.SEEDED` says, so that nobody takes it for proof.
"""
