"""What wants a person, how loud it is, who is told of it, and what may be done with it. Pure."""
