"""How long data is kept, and what becomes of it then: the registry, and what carries it out."""
