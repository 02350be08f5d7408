"""S3 whose objects are plain files: ``state/s3/<bucket>/<key>`` is the truth, moto speaks the protocol."""
