"""Turns two public price lists into the built-in catalogue. `import_prices.py` is the entry."""
