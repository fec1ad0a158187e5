"""What one would run instead, each a process of its own, with nothing of this product but the client of the embedded BigQuery."""
