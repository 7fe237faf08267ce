"""Chapter 1, caching: the fastest and cheapest call is the one not made. In
reading order:

- `keys` which requests are the same · `store` where answers are kept, and
  which may be
- layers: `cached` looks up · `cache_fill` keeps · `single_flight` asks once
  for many · `shared_flight` asks once for many processes, by a `lease` ·
  `forget` takes an answer back
- when an answer is old: `freshness`, and `background` work that renews it
- a store must harm nobody: `guarded_store`, made of a `time_limit` and a
  `cooldown`
- stores, a folder each: `memory` in this process · `redis` for many
  processes · `similar` for other words

    Cached(SingleFlight(CacheFill(model, store)), store)

A hybrid is one look-up around the next, the cheapest outside:

    filled = SingleFlight(CacheFill(model, exact, fuzzy, semantic))
    Cached(Cached(Cached(filled, semantic), fuzzy), exact)
"""
