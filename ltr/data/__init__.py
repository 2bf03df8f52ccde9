"""Lists on disk, and the batches that training and scoring read from them."""
