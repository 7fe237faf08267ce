"""What this machine really takes, on the real clock.

- `rounds` all operations in turns, repeated · `endpoint` over HTTP, by a
  client that watches itself · `machine` where it ran
"""
