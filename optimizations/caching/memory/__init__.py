"""Mappings in this process, each with a bound and a policy of what goes first:
`bounded` is what they share · `lru` what was used least recently · `ttl` what
is old · `s3_fifo` what was never used again.
"""
