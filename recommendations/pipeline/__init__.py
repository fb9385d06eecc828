"""A prediction's life: request, claim, run, store, fail, reap.

`requests` is what a page needs and loads no model; `runs` is what a worker does.
"""
