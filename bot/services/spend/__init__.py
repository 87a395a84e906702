"""The operator's purse: ceilings on what is spent, and what the operator is told of them and of the balance."""
