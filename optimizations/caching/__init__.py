"""Caching: the fastest and cheapest call is the one not made. In reading
order:

- mechanisms: `lru` and `ttl` are mappings · `vectors` the nearest of many ·
  `embedding` texts as vectors · `checks` a second look, with the words of
  `english`
- `keys` which requests are the same · `store` where answers are kept, and
  which may be
- stores: `store.MemoryStore` over any mapping · `redis_store` for all
  processes · `fuzzy` forgives typing · `semantic` finds other words; `near`
  is what these two share
- layers: `cached` looks up and fills · `single_flight` asks once for many

    Cached(SingleFlight(CacheFill(model, store)), store)
"""
