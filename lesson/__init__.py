"""The lesson in the terminal: one file a chapter, and what they share.

- `chapter` what a chapter is made of · `source` real code, found by name
- `models` that are started for a run · `customers` who ask them ·
  `timing` of each answer · `figures` in words
- `screen` and `panel` how it is written · `prompt` what can be typed
- `player` how it is gone through · `walk` the same as a handout
- `runner` runs a step · `state` where one is · `summary` · `session`
- `measuring` · `caching` · `concurrency` · `streaming` · `balancing` ·
  `monitoring`
"""
