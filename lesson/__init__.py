"""The lesson in the terminal: one file a chapter, and what they share.

- `chapter` what a chapter is made of · `source` real code, found by name
- `screen` how it is written · `player` how it is gone through
- `measuring` · `caching` · `concurrency` · `streaming` · `balancing` · `monitoring`
"""
