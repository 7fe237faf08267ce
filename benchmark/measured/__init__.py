"""What this machine really takes, on the real clock.

- `rounds` all operations in turns, repeated · `mappings` nanoseconds a call,
  bytes an entry · `vectors` to search among · `endpoint` over HTTP, by a
  client that watches itself · `machine` where it ran
"""
