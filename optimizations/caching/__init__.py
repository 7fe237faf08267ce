"""Chapter 1, caching: the fastest and cheapest call is the one not made. In
reading order:

- `keys` which requests are the same · `store` where answers are kept, and
  which may be
- layers: `cached` looks up · `cache_fill` keeps · `single_flight` asks once
  for many, `shared_flight` in many processes · `forget` takes an answer back
- when an answer is old: `freshness`, and `background` work that renews it
- in memory: `bounded` is what `lru`, `ttl` and `s3_fifo` share
- in Redis: `redis_store`, in front of it memory (`two_tier`, `invalidation`);
  an answer is an `entry` in an `envelope`; `redis_client`,
  `auto_pipelining`, `remote_clock`, `lease`
- by likeness: `near` is what `fuzzy` (letters) and `semantic` (meaning) share,
  in `partitions`; `embedding`, `endpoint_embedding`, `gathered_embedding`
  make vectors, and `vectors`, `sign_bits`, `graph` search them
- a second look: `checks` by rules, from what `reading` finds with the words of
  `english`, `vocabulary`, `shop`; `learned_check` by `boosted_trees` over
  `pair_features`; `threshold` fits one to a budget of false hits
- `time_limit` wait only so long · `cooldown` leave alone what failed ·
  `expiry_queue` what expires next

    Cached(SingleFlight(CacheFill(model, store)), store)
"""
