"""The steps of ``prepare``: functions of one task that read files, leave files and say what.

``scatter``    a stretch of a file of the log, or of the events -> its rows by partition
``attribute``  a partition of sessions -> which impression each event belongs to
``grade``      a partition of queries -> its graded lists, and the rows that are in none
``fit``        a partition of graded lists -> counts of its training part for the encoder
``write``      a partition of graded lists -> one shard for each part
"""
