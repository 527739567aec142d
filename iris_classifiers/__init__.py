"""Train, convert and query the iris classifier that the sample model repository serves."""
