"""What single runs make of a table's features: how well each is reconstructed, and which dimension moves it."""
