"""Chapter 1, caching: the fastest and cheapest call is the one not made. In
reading order:

- mechanisms: `lru` and `ttl` are mappings · `vectors` the nearest of many ·
  `embedding` texts as vectors · `time_limit` wait only so long · `cooldown`
  leave alone what failed
- `checks` a second look at two questions, by what `reading` finds in each,
  with the words of `english`, `vocabulary` and `shop`
- `keys` which requests are the same · `store` where answers are kept, and
  which may be
- stores: `store.MemoryStore` over any mapping · `redis_store` for all
  processes, each answer an `entry` · `fuzzy` forgives typing · `semantic`
  finds other words; `near` is what these two share
- layers: `cached` looks up and fills · `single_flight` asks once for many

    Cached(SingleFlight(CacheFill(model, store)), store)
"""
