"""How a person is reached: a file, a process's own memory, a browser, a telephone."""
