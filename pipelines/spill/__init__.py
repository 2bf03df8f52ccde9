"""What lies on the disk while a log is prepared: rows by partition, their texts as numbers."""
