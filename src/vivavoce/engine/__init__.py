"""What listens, thinks and speaks: a session and its turns, on providers that it knows by protocol."""
