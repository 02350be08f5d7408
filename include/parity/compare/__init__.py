"""Who is right: facts about two relations, and the verdict that follows from them."""
