"""The command ``chainrule``: thin commands over the rooms before it."""
