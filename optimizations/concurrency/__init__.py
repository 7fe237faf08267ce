"""Chapter 2, concurrency: many requests at once, within bounds. In reading
order:

- `gather` many jobs of one caller, so many at a time
- `concurrency_limit` so many of all callers run, so many wait, and the others
  are told at once: backpressure
- `rate_limiter` what the provider allows a minute, on top of `slot_queue` (one
  queue, one alarm) and `token_bucket` (when it would be empty)
- `batching` one call for many prompts, on top of `optimizations.batcher`
- `conversation` one turn at a time, many conversations side by side
"""
