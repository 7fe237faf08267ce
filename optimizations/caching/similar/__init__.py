"""Answers to questions that were asked in other words:

- stores: `near` is what `fuzzy` (letters) and `semantic` (meaning) share, in
  `partitions` that no search leaves, each entry with its `expiry_queue`
- vectors: `embedding` in this process, `endpoint_embedding` by HTTP,
  `gathered_embedding` many at once · found by `vectors`, with `sign_bits` and
  a `graph` where there are many
- a second check: `checks` by `rules`, from what `reading` finds in the
  `pieces` of a text with the words of `english`, `vocabulary` and `shop`,
  `phrasing` and `typos` aside · `learned_check`, by `boosted_trees` over
  `pair_features`
- `threshold` fits how near is near enough to a budget of false hits
"""
