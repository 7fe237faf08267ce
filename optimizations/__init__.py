"""Optimizations of an LLM chatbot, each one a model wrapped around a model. In
reading order:

- `llm` the one interface · `messages` what travels through it · `errors` the
  tree of what can go wrong · `clock` time and chance · `tokens` counting and
  price
- `pump` one stream for many readers · `batcher` one call for many items ·
  `sliding_window` counts of the last seconds · `fingerprint` equal data, equal
  digits · `wire` OpenAI's format · `stack` the recommended onion, and why in
  that order
- `mock` the simulated model · `http_model` any OpenAI-compatible endpoint;
  `event_stream` server-sent events; `http_answer` when an answer is whole ·
  `server` any model, served as one
- a folder a chapter: `caching` · `concurrency` · `streaming` · `balancing` ·
  `monitoring`

A chapter's `__init__` is its table of contents and imports nothing: what you
need of it, you import from its file. `mock`, `wire` and `server` are used as a
whole, so theirs also hands on what others may use.
"""
