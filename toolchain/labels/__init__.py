"""What a teacher says of a corpus: windows of recordings and their arousal, dominance and valence, in Parquet."""
