"""One person's ratings, as Letterboxd, IMDb and MovieLens export them."""
