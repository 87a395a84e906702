"""The end of what is stored: old rows, members' erasures, and servers that the bot has left."""
