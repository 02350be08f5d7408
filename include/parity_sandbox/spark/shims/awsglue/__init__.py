"""What AWS Glue gives to its scripts."""
