"""One cache for many processes, in Redis:

- `redis_store` the store · `two_tier` memory before it, kept true by
  `invalidation`
- `entry` an answer as bytes, in an `envelope` that shows what was changed
- `redis_client` short waits, one breaker · `auto_pipelining` one round trip
  for all of a moment · `remote_clock` how old by Redis' own clock
- `redis_leases` who of many processes may ask the model
"""
