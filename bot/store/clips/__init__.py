"""Finished clips: their stills, members' favourites among them, and lists of them."""
