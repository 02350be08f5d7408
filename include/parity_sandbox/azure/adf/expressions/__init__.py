"""Data Factory's expression language: text → tree (``parser``) → value (``evaluate``), with its functions."""
