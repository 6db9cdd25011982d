"""The live map's JSON API: places with their live counts, their statistics, and the editing of them."""
