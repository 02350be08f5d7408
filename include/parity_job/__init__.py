"""What travels to Databricks: standard library and pyspark only, with a versioned protocol."""
