"""How many dimensions data have, whatever the number of their pixels."""
