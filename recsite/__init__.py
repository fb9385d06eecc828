import os

# Scoring one viewer is too little work to share between threads: on busy cores a second BLAS
# thread makes it ten times slower. Must be set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
