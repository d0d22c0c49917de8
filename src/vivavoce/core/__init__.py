"""The vocabulary: plain data, protocols and errors. No I/O; standard library and numpy only."""
