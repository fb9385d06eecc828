"""The same home page on the usual stack: Flask, Celery and Redis, as the usual tutorial has it.

The page comes with placeholders. Its script posts a task and asks for the task's status each
100 ms; the answer to the last question holds the shelves, drawn by Flask. The model, the shelves'
own code and the catalogue are ours, read through Django as a library; so are gunicorn and its
settings. Celery's workers are prefork children, which load the model before their first task, keep
their connection to PostgreSQL, and take one task at a time. Redis writes nothing to disk.

It is the page alone: nothing is stored for other pages, no rating makes a result stale, nobody
hides a film, and no form is protected. What of that costs something, costs recsite alone.
"""
