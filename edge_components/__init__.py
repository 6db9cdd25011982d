"""Greengrass v2 components: each folder holds a recipe, a `__main__` and its own modules."""
