"""The exported files of both sides, checked against manifest, schema and footers."""
