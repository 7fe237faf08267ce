"""Chapter 1, caching: the fastest and cheapest call is the one not made. In
reading order:

- `keys` which requests are the same · `store` where answers are kept, and
  which may be
- layers: `cached` looks up · `cache_fill` keeps · `single_flight` asks once
  for many · `forget` takes an answer back
- when an answer is old: `freshness`, and `background` work that renews it
- `time_limit` wait only so long · `cooldown` leave alone what failed
- stores, a folder each: `memory` in this process · `redis` for many
  processes, with a flight across them · `similar` for other words

    Cached(SingleFlight(CacheFill(model, store)), store)
"""
