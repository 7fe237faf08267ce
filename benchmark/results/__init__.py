"""From runs to what is said of them.

- `metrics` the figures · `standings` how each strategy did, over all seeds
- `verdicts` that in a sentence · `caveats` what to know before quoting it
"""
