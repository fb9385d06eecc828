"""What a viewer's ratings say of their taste, against everybody's: figures, not how they look.

"Everybody" is what films store of themselves, count and sum; no figure reads all ratings.
"""
