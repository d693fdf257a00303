"""The two databases of a Jam: the mirror (what the server has) and one's own store (what exists nowhere else)."""
