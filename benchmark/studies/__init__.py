"""What no strategy's figures tell: a study each.

- `hit_ratio` what a larger cache finds, and how far that is from the best
- `thresholds` what a semantic cache finds, at what risk
- `stampede` what reaches the model when all answers expire at once
- `look_up_time` what a look-up takes among more and more entries
- `cost` what an entry weighs, and what each operation takes
- `peers` the same, as others have written it
"""
