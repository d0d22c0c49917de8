"""What listens, thinks and speaks: a session and its turns, on providers known by protocol."""
