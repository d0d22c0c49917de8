"""The server: Realtime, the page, and the HTTP interface that OpenAI clients speak."""
