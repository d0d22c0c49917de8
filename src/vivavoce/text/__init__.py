"""Text for speech: pieces out of a token stream, words a voice can say, and comparison."""
