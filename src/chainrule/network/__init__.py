"""What is computed: a network, its loss and penalty, and the optimiser, as frozen declarations without arrays."""

from chainrule.network.declaration import Dense, Network, Penalty
from chainrule.network.optimisers import SGD, Adam, AdamW, Optimiser

__all__ = ["SGD", "Adam", "AdamW", "Dense", "Network", "Optimiser", "Penalty"]
