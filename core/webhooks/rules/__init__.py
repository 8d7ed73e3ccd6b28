"""Pure decisions: what facts there are, when to try again, how a message is signed, which addresses are called."""
