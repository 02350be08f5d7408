"""The Glue Data Catalog, and Glue jobs whose runs really run."""
